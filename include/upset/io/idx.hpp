// SPDX-License-Identifier: BSL-1.0
/// IDX, the format of MNIST and Fashion-MNIST, plain or gzip-compressed.
///
/// Source: Y. LeCun, C. Cortes, C. Burges, "The MNIST database of handwritten digits", "File
/// formats for the MNIST database".
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <limits>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include <upset/io/byte_reader.hpp>
#include <upset/io/dataset.hpp>

namespace upset {

namespace detail {

/// Reads the header of an IDX file of unsigned bytes with `Rank` extents.
template <std::size_t Rank>
[[nodiscard]] std::array<std::uint32_t, Rank> read_idx_header(ByteReader& file) {
  const auto big_endian = [&] {
    std::array<std::uint8_t, 4> bytes{};
    file.read(bytes);
    std::uint32_t word = 0;
    for (const std::uint8_t byte : bytes) {
      word = (word << 8U) | byte;
    }
    return word;
  };
  const std::uint32_t magic = big_endian();
  const std::uint32_t expected = 0x0800U + std::uint32_t{Rank};  // 08: unsigned bytes
  if (magic != expected) {
    file.fail("not an IDX file of unsigned bytes with " + std::to_string(Rank) +
              (Rank == 1 ? " extent" : " extents") + ": it starts with the number " +
              std::to_string(magic) + ", not " + std::to_string(expected));
  }
  std::array<std::uint32_t, Rank> extents{};
  for (std::uint32_t& extent : extents) {
    extent = big_endian();
  }
  return extents;
}

/// `directory`/`name`, or the same with .gz.
[[nodiscard]] inline std::filesystem::path find_idx(const std::filesystem::path& directory,
                                                    const std::string& name) {
  for (const char* const ending : {"", ".gz"}) {
    std::filesystem::path path = directory / (name + ending);
    std::error_code status;
    if (std::filesystem::exists(path, status)) {
      return path;
    }
  }
  throw Error((directory / name).string() +
              ": no such file, nor with .gz; an IDX data set is a directory with "
              "train-images-idx3-ubyte, train-labels-idx1-ubyte, t10k-images-idx3-ubyte and "
              "t10k-labels-idx1-ubyte");
}

}  // namespace detail

/// Loads one half of the data set of 8-bit grey images in `directory`, under MNIST's file names.
///
/// - shape:  pixels [N, H, W, 1]
/// - errors: throws `Error` naming the file: missing, truncated, damaged, wrong magic number, too
///   long, no images, a label that is not below `classes`, not one label for each image
[[nodiscard]] inline Dataset load_idx(const std::filesystem::path& directory, Split split,
                                      int classes = 10) {
  detail::expect_directory(directory);
  const std::string prefix = split == Split::train ? "train" : "t10k";
  ByteReader images{detail::find_idx(directory, prefix + "-images-idx3-ubyte")};
  ByteReader labels{detail::find_idx(directory, prefix + "-labels-idx1-ubyte")};

  const auto [count, height, width] = detail::read_idx_header<3>(images);
  const auto [label_count] = detail::read_idx_header<1>(labels);
  if (count == 0 || height == 0 || width == 0) {
    images.fail("its header says that it holds no images");
  }
  if (label_count != count) {
    labels.fail("holds " + std::to_string(label_count) + " labels for the " +
                std::to_string(count) + " images of " + images.path().filename().string());
  }
  // Three 32-bit extents can wrap around 64 bits: divided, not multiplied.
  const std::uint64_t pixels = std::uint64_t{height} * width;
  constexpr auto most_extent = std::uint32_t{std::numeric_limits<std::int32_t>::max()};
  if (height > most_extent || width > most_extent || count > images.most_left() / pixels) {
    images.fail("ends early: its header says " + std::to_string(count) + " images of " +
                std::to_string(height) + " x " + std::to_string(width) +
                " pixels, which do not fit in the file; fetch it again");
  }

  Dataset data;
  data.height = static_cast<int>(height);
  data.width = static_cast<int>(width);
  data.channels = 1;
  data.classes = classes;
  data.pixels = images.read(count * pixels);
  images.expect_end();
  const std::vector<std::uint8_t> classes_in_file = labels.read(std::uint64_t{label_count});
  data.labels.assign(classes_in_file.begin(), classes_in_file.end());
  labels.expect_end();
  for (std::size_t i = 0; i < data.labels.size(); ++i) {
    if (data.labels[i] >= classes) {
      labels.fail("label " + std::to_string(i) + " is " + std::to_string(data.labels[i]) +
                  ", and must be below " + std::to_string(classes));
    }
  }
  return data;
}

}  // namespace upset
