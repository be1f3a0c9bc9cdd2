// SPDX-License-Identifier: BSL-1.0
#include <filesystem>
#include <string>

#include <doctest/doctest.h>
#include <io/scratch.hpp>

#include <upset/io/cifar10.hpp>

using upset::load_cifar10;
using upset::Split;

namespace {

/// A record whose red, green and blue planes start with `first`, first + 1 and first + 2.
Bytes record(std::uint8_t label, std::uint8_t first) {
  Bytes bytes(3073);
  bytes[0] = label;
  for (std::size_t channel = 0; channel < 3; ++channel) {
    bytes[1 + channel * 1024] = static_cast<std::uint8_t>(first + channel);
    bytes[1 + channel * 1024 + 1023] = static_cast<std::uint8_t>(first + 100 + channel);
  }
  return bytes;
}

Bytes operator+(Bytes a, const Bytes& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

}  // namespace

TEST_CASE("load_cifar10: planes become interleaved pixels, in the order of the records") {
  const Scratch scratch;
  scratch.write("test_batch.bin", record(3, 10) + record(9, 20));
  const upset::Dataset data = load_cifar10(scratch.path(), Split::test);
  CHECK(data.labels == std::vector<std::uint16_t>{3, 9});
  CHECK(data.classes == 10);
  CHECK(data.shape() == upset::Shape{32, 32, 3});
  REQUIRE(data.pixels.size() == 2 * 3072);
  for (std::size_t i = 0; i < 2; ++i) {
    const auto image = data.image(i);
    for (std::size_t channel = 0; channel < 3; ++channel) {
      CHECK(image[channel] == 10 + 10 * i + channel);
      CHECK(image[3 * 1023 + channel] == 110 + 10 * i + channel);
      CHECK(image[3 + channel] == 0);
    }
  }
}

TEST_CASE(
    "load_cifar10: the training half is five files in order, in a sub-directory as unpacked") {
  const Scratch scratch;
  std::filesystem::create_directory(scratch.path() / "cifar-10-batches-bin");
  for (std::uint8_t i = 1; i <= 5; ++i) {
    scratch.write("cifar-10-batches-bin/data_batch_" + std::to_string(i) + ".bin", record(i, i));
  }
  CHECK(load_cifar10(scratch.path(), Split::train).labels ==
        std::vector<std::uint16_t>{1, 2, 3, 4, 5});
  CHECK(load_cifar10(scratch.path() / "cifar-10-batches-bin", Split::train).size() == 5);

  std::filesystem::remove(scratch.path() / "cifar-10-batches-bin/data_batch_4.bin");
  CHECK(contains(complaint([&] { (void)load_cifar10(scratch.path(), Split::train); }),
                 "data_batch_4.bin: no such file"));
}

TEST_CASE("load_cifar10: what is not whole records of known classes is refused by name") {
  const Scratch scratch;
  const auto refusal = [&](const Bytes& bytes) {
    scratch.write("test_batch.bin", bytes);
    return complaint([&] { (void)load_cifar10(scratch.path(), Split::test); });
  };
  CHECK(contains(complaint([&] { (void)load_cifar10(scratch.path() / "none", Split::test); }),
                 "none: no such directory"));
  CHECK(refusal(record(0, 1)).empty());
  CHECK(contains(refusal({}), "test_batch.bin: has 0 bytes"));
  CHECK(contains(refusal(record(0, 1) + Bytes(3072)), "test_batch.bin: has 6145 bytes"));
  CHECK(contains(refusal(record(0, 1) + record(10, 1)), "label 1 is 10, and must be below 10"));
}
