// SPDX-License-Identifier: BSL-1.0
#include <algorithm>
#include <array>
#include <cstdint>
#include <string>

#include <doctest/doctest.h>
#include <io/scratch.hpp>
#include <stb/stb_image_write.h>

#include <upset/io/image.hpp>

using namespace upset;

namespace {

constexpr int width = 24;
constexpr int height = 16;

/// Colours that change slowly, as JPEG keeps them.
Picture slope() {
  Picture picture{height, width, 3, {}};
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      picture.pixels.insert(picture.pixels.end(), {static_cast<std::uint8_t>(40 + 4 * x),
                                                   static_cast<std::uint8_t>(9 * y),
                                                   static_cast<std::uint8_t>(200 - 3 * x - 2 * y)});
    }
  }
  return picture;
}

void append(void* to, void* bytes, int size) {
  const auto* const from = static_cast<const std::uint8_t*>(bytes);
  static_cast<Bytes*>(to)->insert(static_cast<Bytes*>(to)->end(), from, from + size);
}

Bytes png() {
  Bytes file;
  stbi_write_png_to_func(append, &file, width, height, 3, slope().pixels.data(), 0);
  return file;
}

Bytes ppm(const std::string& header, const Bytes& pixels) {
  Bytes file(header.begin(), header.end());
  file.insert(file.end(), pixels.begin(), pixels.end());
  return file;
}

}  // namespace

TEST_CASE("decode_image: PNG, BMP and PPM give the pixels") {
  Bytes bmp;
  stbi_write_bmp_to_func(append, &bmp, width, height, 3, slope().pixels.data());
  CHECK(decode_image(png(), "x") == slope());
  CHECK(decode_image(bmp, "x") == slope());
  CHECK(decode_image(ppm("P6\n24 16\n255\n", slope().pixels), "x") == slope());
}

TEST_CASE("decode_image: grey becomes three channels, transparency is dropped") {
  CHECK(decode_image(ppm("P5 2 1 255\n", {7, 250}), "x").pixels == Bytes{7, 7, 7, 250, 250, 250});
  Bytes file;
  const Bytes pixels{1, 2, 3, 0, 4, 5, 6, 128};
  stbi_write_png_to_func(append, &file, 2, 1, 4, pixels.data(), 0);
  CHECK(decode_image(file, "x").pixels == Bytes{1, 2, 3, 4, 5, 6});
}

TEST_CASE("decode_image: what is no picture, damaged or too large is refused") {
  const auto refused = [](const Bytes& bytes) {
    return complaint([&] { (void)decode_image(bytes, "a.png"); });
  };
  CHECK(contains(refused({}), "a.png: not a JPEG, PNG, BMP or PPM file"));
  CHECK(contains(refused(ppm("GIF89a", Bytes(40))), "a.png: not a JPEG"));
  Bytes cut = png();
  cut.resize(60);
  CHECK(contains(refused(cut), "a.png: ends early"));
  Bytes claiming = png();
  claiming[33] = 0x70;  // first byte of the length of what is behind the header
  CHECK(contains(refused(claiming), "a.png: ends early"));
  Bytes damaged = png();
  damaged[25] = 9;  // no type of colour
  CHECK(contains(refused(damaged), "a.png: cannot be decoded ("));
  Bytes longer = png();
  longer.resize(longer.size() + 20, 0xFF);
  CHECK(refused(longer).empty());
  CHECK(contains(refused(ppm("P6 4 4 255\n", Bytes(47))), "a.png: ends early"));
  CHECK(contains(refused(ppm("P6\n# made by\n# hand\n4 4\n255\n", Bytes(47))), "ends early"));
  CHECK(refused(ppm("P6\n# made by\n# hand\n4 4\n255\n", Bytes(48))).empty());
  CHECK(contains(refused(ppm("P6 16000 16000 255\n", Bytes(100))),
                 "16000 x 16000 pixels, and has 119 bytes"));
  for (const char* const magic : {"P5", "P6"}) {
    CHECK(contains(refused(ppm(std::string(magic) + " 1 1 256\n", Bytes(6))),
                   "a.png: says that its brightest value is 256; save it with 8 bits"));
  }
  CHECK(contains(refused(ppm("P5\n24 2222222222\n255\n", Bytes(9))), "24 x 222222 pixels"));
  CHECK(contains(refused(ppm("P6 17000 1 255\n", Bytes(51000))), "17000 x 1 pixels"));
}
