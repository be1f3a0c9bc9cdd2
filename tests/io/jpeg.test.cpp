// SPDX-License-Identifier: BSL-1.0
#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>
#include <memory>

#include "support/published.hpp"
#include <doctest/doctest.h>
#include <io/scratch.hpp>
#include <turbojpeg.h>

#include <upset/io/image.hpp>
#include <upset/io/jpeg.hpp>

using namespace upset;

namespace {

constexpr int jpeg_width = 24;
constexpr int jpeg_height = 16;

/// Colours that change slowly, as JPEG keeps them, and a file of them.
Picture smooth_colours() {
  Picture picture{jpeg_height, jpeg_width, 3, {}};
  for (int y = 0; y < jpeg_height; ++y) {
    for (int x = 0; x < jpeg_width; ++x) {
      picture.pixels.insert(picture.pixels.end(), {static_cast<std::uint8_t>(40 + 4 * x),
                                                   static_cast<std::uint8_t>(9 * y),
                                                   static_cast<std::uint8_t>(200 - 3 * x - 2 * y)});
    }
  }
  return picture;
}

Bytes jpeg(int subsampling = TJSAMP_444, int flags = 0) {
  const std::unique_ptr<void, decltype(&tjDestroy)> encoder(tjInitCompress(), tjDestroy);
  const Picture picture = smooth_colours();
  unsigned char* file = nullptr;
  unsigned long size = 0;  // NOLINT(google-runtime-int): TurboJPEG's
  REQUIRE(tjCompress2(encoder.get(), picture.pixels.data(), jpeg_width, 0, jpeg_height, TJPF_RGB,
                      &file, &size, subsampling, 98, flags) == 0);
  const std::unique_ptr<unsigned char, decltype(&tjFree)> owner(file, tjFree);
  return {file, file + size};
}

int largest_gap(const Picture& a, const Picture& b) {
  REQUIRE(a.pixels.size() == b.pixels.size());
  int largest = 0;
  for (std::size_t i = 0; i < a.pixels.size(); ++i) {
    largest = std::max(largest, std::abs(a.pixels[i] - b.pixels[i]));
  }
  return largest;
}

}  // namespace

TEST_CASE("decode_jpeg: baseline and progressive files, colours in full or of fewer pixels") {
  CHECK(largest_gap(decode_jpeg(jpeg(), "x"), smooth_colours()) <= 3);
  CHECK(decode_jpeg(jpeg(TJSAMP_444, TJFLAG_PROGRESSIVE), "x") == decode_jpeg(jpeg(), "x"));
  CHECK(largest_gap(decode_jpeg(jpeg(TJSAMP_420), "x"), smooth_colours()) <= 8);
  CHECK(decode_image(jpeg(), "x") == decode_jpeg(jpeg(), "x"));
}

TEST_CASE("decode_jpeg: grey becomes three equal channels") {
  const Picture grey = decode_jpeg(jpeg(TJSAMP_GRAY), "x");
  REQUIRE(grey.pixels.size() == smooth_colours().pixels.size());
  std::size_t unequal = 0;
  for (std::size_t i = 0; i < grey.pixels.size(); i += 3) {
    unequal += grey.pixels[i] != grey.pixels[i + 1] || grey.pixels[i] != grey.pixels[i + 2];
  }
  CHECK(unequal == 0);
}

TEST_CASE("decode_jpeg: what is damaged, cut off or too large is refused") {
  const auto refused = [](const Bytes& bytes) {
    return complaint([&] { (void)decode_jpeg(bytes, "a.jpg"); });
  };
  CHECK(contains(refused({}), "a.jpg: cannot be decoded ("));
  for (std::size_t size = 1; size < jpeg().size(); size += 7) {
    CAPTURE(size);
    Bytes cut = jpeg();
    cut.resize(size);
    CHECK((contains(refused(cut), "a.jpg: cannot be decoded (") ||
           contains(refused(cut), "a.jpg: ends early")));
  }
  const auto behind = [](Bytes& file, std::uint8_t marker) {
    const std::array<std::uint8_t, 2> begin{0xFF, marker};
    return std::search(file.begin(), file.end(), begin.begin(), begin.end()) + 2;
  };
  Bytes without_table = jpeg();
  behind(without_table, 0xDA)[4] = 0x33;  // its scan names Huffman tables that it does not have
  CHECK(contains(refused(without_table), "Huffman table 0x03 was not defined"));
  Bytes huge = jpeg();
  std::fill_n(behind(huge, 0xC0) + 3, 4, std::uint8_t{0x3F});  // height and width
  CHECK(contains(refused(huge), "a.jpg: says that it has 16191 x 16191 pixels"));
}

// 0000.ppm was decoded by another program, with the same library.
TEST_CASE("load_image: a progressive JPEG file as others decode it, pixel by pixel") {
  if (!test::has_published({"imagenet"})) {
    return;
  }
  CHECK(load_image(test::published("imagenet/images/0000.jpg")) ==
        load_image(test::published("imagenet/0000.ppm")));
}
