// SPDX-License-Identifier: BSL-1.0
/// Picture files: JPEG, PNG, BMP and PPM, PNG and BMP decoded by stb_image.
///
/// Source: S. Barrett and others, stb_image (public domain).
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <limits>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include <stb/stb_image.h>

#include <upset/core/error.hpp>
#include <upset/io/bytes.hpp>
#include <upset/io/jpeg.hpp>
#include <upset/io/picture.hpp>

namespace upset {

namespace detail {

/// A PGM or PPM file of bytes. stb_image 2.27 lets its numbers overflow, takes 16 bits in the wrong
/// order and does not look whether the pixels are all there.
[[nodiscard]] inline Picture decode_pnm(std::span<const std::uint8_t> bytes,
                                        const std::string& where) {
  std::size_t at = 2;
  const auto skip_while = [&](auto belongs) {
    while (at < bytes.size() && belongs(bytes[at])) {
      ++at;
    }
  };
  std::array<std::uint64_t, 3> numbers{};  // width, height, brightest value
  for (std::uint64_t& number : numbers) {
    const auto is_space = [](std::uint8_t c) { return c == ' ' || (c >= '\t' && c <= '\r'); };
    skip_while(is_space);
    while (at < bytes.size() && bytes[at] == '#') {
      skip_while([](std::uint8_t c) { return c != '\n' && c != '\r'; });
      skip_while(is_space);
    }
    skip_while([&](std::uint8_t c) {
      const bool is_digit = c >= '0' && c <= '9' && number < 100000;
      number = is_digit ? 10 * number + (c - std::uint64_t{'0'}) : number;
      return is_digit;
    });
  }
  const auto [width, height, brightest] = numbers;
  expect_pixels(static_cast<std::int64_t>(height), static_cast<std::int64_t>(width), bytes.size(),
                where);
  if (brightest < 1 || brightest > 255) {
    throw Error(where + ": says that its brightest value is " + std::to_string(brightest) +
                "; save it with 8 bits a channel, or as PNG");
  }
  const std::size_t channels = bytes[1] == '6' ? 3 : 1;
  const std::size_t first = at + 1;  // one white space behind the numbers
  if (first > bytes.size() || height * width * channels > bytes.size() - first) {
    throw Error(where + ": ends early; fetch the file again");
  }
  Picture picture{height, width, 3, {}};
  picture.pixels.reserve(height * width * 3);
  for (std::size_t i = 0; i < height * width * 3; ++i) {
    picture.pixels.push_back(bytes[first + (channels == 3 ? i : i / 3)]);
  }
  return picture;
}

/// Whether every chunk of a PNG file ends within it. stb_image 2.27 takes memory for all that a
/// chunk claims to hold.
[[nodiscard]] inline bool png_chunks_fit(std::span<const std::uint8_t> bytes) {
  using namespace std::string_view_literals;
  for (std::size_t at = 8; at + 8 <= bytes.size();) {
    const std::size_t length = (std::size_t{bytes[at]} << 24) | (std::size_t{bytes[at + 1]} << 16) |
                               (std::size_t{bytes[at + 2]} << 8) | bytes[at + 3];
    if (length > bytes.size() - at - 8) {
      return false;
    }
    if (std::ranges::equal(bytes.subspan(at + 4, 4), "IEND"sv)) {
      return true;
    }
    at += 8 + length + 4;  // its sum of check bits last
  }
  return true;
}

}  // namespace detail

/// Decodes the bytes of a JPEG (as `decode_jpeg`), PNG, BMP, PGM or PPM file into red, green and
/// blue; grey becomes three equal channels, transparency is dropped, 16 bits of a PNG file become
/// the upper 8, values of a PGM or PPM file stay as they are. `where` is its name in errors.
///
/// - errors: throws `Error` for another format, what is damaged or not supported, and more pixels
///           than `expect_pixels` allows
[[nodiscard]] inline Picture decode_image(std::span<const std::uint8_t> bytes,
                                          const std::string& where) {
  using namespace std::string_view_literals;
  const auto starts_with = [&](std::string_view magic) {
    return bytes.size() > magic.size() &&
           std::ranges::equal(bytes.first(magic.size()), magic, {}, {},
                              [](char letter) { return static_cast<std::uint8_t>(letter); });
  };
  // stb knows more, but these are what data sets come in
  if (std::ranges::none_of(
          std::array{"\xFF\xD8\xFF"sv, "\x89PNG\r\n\x1A\n"sv, "BM"sv, "P5"sv, "P6"sv},
          starts_with)) {
    throw Error(where + ": not a JPEG, PNG, BMP or PPM file");
  }
  if (bytes[0] == 0xFF) {
    return decode_jpeg(bytes, where);
  }
  if (bytes[0] == 'P') {
    return detail::decode_pnm(bytes, where);
  }
  if (bytes[0] == 0x89 && !detail::png_chunks_fit(bytes)) {
    throw Error(where + ": ends early; fetch the file again");
  }
  constexpr std::size_t most_bytes = std::numeric_limits<int>::max();
  int width = 0;
  int height = 0;
  int channels = 0;
  const auto size = static_cast<int>(std::min(bytes.size(), most_bytes));
  const auto refuse = [&] {
    throw Error(where + ": cannot be decoded (" + stbi_failure_reason() +
                "); save it as a JPEG or PNG file of 8 bits a channel");
  };
  if (stbi_info_from_memory(bytes.data(), size, &width, &height, &channels) == 0) {
    refuse();
  }
  detail::expect_pixels(height, width, bytes.size(), where);
  const std::uint64_t pixels =
      static_cast<std::uint64_t>(width) * static_cast<std::uint64_t>(height);
  const std::unique_ptr<stbi_uc, decltype(&stbi_image_free)> decoded(
      stbi_load_from_memory(bytes.data(), size, &width, &height, &channels, 3), stbi_image_free);
  if (decoded == nullptr) {
    refuse();
  }
  return {static_cast<std::size_t>(height),
          static_cast<std::size_t>(width),
          3,
          {decoded.get(), decoded.get() + 3 * pixels}};
}

/// `decode_image` of a file. Throws as that and as `ByteReader`.
[[nodiscard]] inline Picture load_image(const std::filesystem::path& path) {
  return decode_image(detail::read_bytes(path), path.string());
}

}  // namespace upset
