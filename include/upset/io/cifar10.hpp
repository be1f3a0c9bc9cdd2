// SPDX-License-Identifier: BSL-1.0
/// CIFAR-10 in its binary version: records of a label and 32 x 32 red, green and blue planes.
///
/// Source: A. Krizhevsky, "Learning Multiple Layers of Features from Tiny Images", 2009, and the
/// description of the data set's binary version.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <system_error>
#include <vector>

#include <upset/io/byte_reader.hpp>
#include <upset/io/dataset.hpp>

namespace upset {

/// Loads one half of CIFAR-10 from `directory`, or from its sub-directory cifar-10-batches-bin.
///
/// Only the files of that half need be there: test_batch.bin, or data_batch_1.bin to
/// data_batch_5.bin.
///
/// - shape:  pixels [N, 32, 32, 3], red green blue
/// - errors: throws `Error` naming the file: missing, empty, not whole records, a label above 9
[[nodiscard]] inline Dataset load_cifar10(const std::filesystem::path& directory, Split split) {
  constexpr std::size_t plane = 1024;  // 32 x 32 pixels of one colour
  constexpr std::size_t record = 1 + 3 * plane;
  detail::expect_directory(directory);
  const std::filesystem::path inner = directory / "cifar-10-batches-bin";
  std::error_code status;
  const auto& where = std::filesystem::is_directory(inner, status) ? inner : directory;
  const std::vector<std::string> names =
      split == Split::test
          ? std::vector<std::string>{"test_batch.bin"}
          : std::vector<std::string>{"data_batch_1.bin", "data_batch_2.bin", "data_batch_3.bin",
                                     "data_batch_4.bin", "data_batch_5.bin"};
  Dataset data{.height = 32, .width = 32, .channels = 3, .classes = 10, .pixels = {}, .labels = {}};
  for (const std::string& name : names) {
    ByteReader file{where / name};
    const std::uint64_t bytes = file.stored();
    if (bytes == 0 || bytes % record != 0) {
      file.fail("has " + std::to_string(bytes) + " bytes, not a whole number of records of " +
                std::to_string(record) + "; fetch the file again");
    }
    data.pixels.reserve(data.pixels.size() + bytes / record * 3 * plane);
    std::array<std::uint8_t, record> image{};
    for (std::uint64_t i = 0; i < bytes / record; ++i) {
      file.read(image);
      if (image[0] >= data.classes) {
        file.fail("label " + std::to_string(i) + " is " + std::to_string(image[0]) +
                  ", and must be below 10");
      }
      data.labels.push_back(image[0]);
      for (std::size_t pixel = 0; pixel < plane; ++pixel) {  // planes to NHWC
        for (std::size_t channel = 0; channel < 3; ++channel) {
          data.pixels.push_back(image[1 + channel * plane + pixel]);
        }
      }
    }
  }
  return data;
}

}  // namespace upset
