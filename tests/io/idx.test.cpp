// SPDX-License-Identifier: BSL-1.0
#include <algorithm>
#include <string>

#include <doctest/doctest.h>
#include <io/scratch.hpp>

#include <upset/io/idx.hpp>

using upset::load_idx;
using upset::Split;

namespace {

constexpr const char* train_images = "train-images-idx3-ubyte";
constexpr const char* train_labels = "train-labels-idx1-ubyte";

// Two images of 2 x 3 pixels, byte for byte as the format's description has it.
const Bytes two_images{0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 2,  0,  0,
                       0, 3, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 255};
const Bytes two_labels{0, 0, 8, 1, 0, 0, 0, 2, 9, 0};

/// What loading says with `bytes` in place of one of the two files.
std::string refusal(const char* name, const Bytes& bytes) {
  const Scratch scratch;
  scratch.write(train_images, two_images);
  scratch.write(train_labels, two_labels);
  scratch.write(name, bytes);
  return complaint([&] { (void)load_idx(scratch.path(), Split::train); });
}

Bytes with(Bytes bytes, std::size_t at, std::uint8_t value) {
  bytes.at(at) = value;
  return bytes;
}

}  // namespace

TEST_CASE("load_idx: reads pixels and labels, plain and compressed") {
  const Scratch scratch;
  scratch.write(train_images, two_images);
  scratch.write(train_labels, two_labels);
  scratch.write_gzip("t10k-images-idx3-ubyte.gz", two_images);
  scratch.write_gzip("t10k-labels-idx1-ubyte.gz", two_labels);
  for (const Split split : {Split::train, Split::test}) {
    const upset::Dataset data = load_idx(scratch.path(), split);
    CHECK(data.height == 2);
    CHECK(data.width == 3);
    CHECK(data.channels == 1);
    CHECK(data.classes == 10);
    CHECK(data.labels == std::vector<std::uint16_t>{9, 0});
    CHECK(data.pixels == Bytes{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 255});
  }
}

TEST_CASE("load_idx: a missing directory or file is named") {
  const Scratch scratch;
  CHECK(contains(complaint([&] { (void)load_idx(scratch.path() / "none", Split::test); }),
                 "none: no such directory"));
  CHECK(contains(complaint([&] { (void)load_idx(scratch.path(), Split::test); }),
                 "t10k-images-idx3-ubyte: no such file"));
  scratch.write(train_images, two_images);
  CHECK(contains(complaint([&] { (void)load_idx(scratch.path(), Split::train); }),
                 "train-labels-idx1-ubyte: no such file"));
}

TEST_CASE("load_idx: a file that is not what it should be is named, with what is wrong") {
  const auto images = [](const Bytes& bytes) { return refusal(train_images, bytes); };
  const auto labels = [](const Bytes& bytes) { return refusal(train_labels, bytes); };
  REQUIRE(images(two_images).empty());  // else the checks below would pass for another reason

  CHECK(contains(images({}), "train-images-idx3-ubyte: ends early"));
  CHECK(contains(images({0, 0, 8, 3, 0, 0}), "train-images-idx3-ubyte: ends early"));
  CHECK(contains(images(Bytes(two_images.begin(), two_images.end() - 1)), "ends early"));
  CHECK(contains(labels(Bytes(two_labels.begin(), two_labels.end() - 1)),
                 "train-labels-idx1-ubyte: ends early"));
  Bytes long_one = two_images;
  long_one.push_back(0);
  CHECK(contains(images(long_one), "holds more bytes"));

  CHECK(contains(images(two_labels), "starts with the number 2049, not 2051"));
  CHECK(contains(labels(two_images), "starts with the number 2051, not 2049"));
  CHECK(contains(images(with(two_images, 2, 0x0d)), "not an IDX file of unsigned bytes"));

  CHECK(contains(labels(with(two_labels, 7, 3)), "holds 3 labels for the 2 images"));
  CHECK(contains(labels(with(two_labels, 8, 10)), "label 0 is 10, and must be below 10"));
  CHECK(contains(images(with(two_images, 7, 0)), "holds no images"));
  CHECK(contains(images(with(two_images, 15, 0)), "holds no images"));
}

TEST_CASE("load_idx: a header that claims more than the file holds allocates nothing") {
  // 2^32 - 1 in every extent wraps around 64 bits; 0x80 in one asks for terabytes.
  Bytes all_ones = two_images;
  std::fill(all_ones.begin() + 4, all_ones.begin() + 16, std::uint8_t{0xff});
  Bytes many_labels = two_labels;
  std::fill(many_labels.begin() + 4, many_labels.begin() + 8, std::uint8_t{0xff});

  const Scratch scratch;
  scratch.write(train_images, all_ones);
  scratch.write(train_labels, many_labels);
  scratch.write_gzip("t10k-images-idx3-ubyte.gz", all_ones);
  scratch.write_gzip("t10k-labels-idx1-ubyte.gz", many_labels);
  for (const Split split : {Split::train, Split::test}) {
    CHECK(contains(complaint([&] { (void)load_idx(scratch.path(), split); }),
                   "its header says 4294967295 images of 4294967295 x 4294967295 pixels"));
  }
  CHECK(contains(refusal(train_images, with(two_images, 8, 0x7f)), "do not fit in the file"));
}
