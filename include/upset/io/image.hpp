// SPDX-License-Identifier: BSL-1.0
/// Picture files: JPEG, and what stb_image decodes of the rest: PNG, BMP and PPM.
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

/// Where pixels begin in a PGM or PPM file: a white space after the third number. `bytes.size()`
/// where there is no such place. Throws `Error` for a number of more than five digits: stb_image
/// reads it into an int that overflows.
[[nodiscard]] inline std::size_t pnm_header_size(std::span<const std::uint8_t> bytes,
                                                 const std::string& where) {
  std::size_t at = 2;
  const auto skip_while = [&](auto belongs) {
    while (at < bytes.size() && belongs(bytes[at])) {
      ++at;
    }
  };
  for (int number = 0; number < 3; ++number) {
    const auto is_space = [](std::uint8_t c) { return c == ' ' || (c >= '\t' && c <= '\r'); };
    skip_while(is_space);
    while (at < bytes.size() && bytes[at] == '#') {
      skip_while([](std::uint8_t c) { return c != '\n' && c != '\r'; });
      skip_while(is_space);
    }
    const std::size_t digits = at;
    skip_while([](std::uint8_t c) { return c >= '0' && c <= '9'; });
    if (at > digits + 5) {
      throw Error(where + ": says a number of " + std::to_string(at - digits) +
                  " digits where its width, height or brightest value is; save it anew");
    }
  }
  return std::min(at + 1, bytes.size());
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
/// blue; grey becomes three equal channels, transparency is dropped, 16 bits become the upper 8.
/// `where` is its name in errors.
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
  if (bytes[0] == 0x89 && !detail::png_chunks_fit(bytes)) {
    throw Error(where + ": ends early; fetch the file again");
  }
  const std::size_t pnm_header = bytes[0] == 'P' ? detail::pnm_header_size(bytes, where) : 0;
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
  // stb_image does not look whether a PPM file is all there
  const auto samples = pixels * static_cast<std::uint64_t>(channels) *
                       (stbi_is_16_bit_from_memory(bytes.data(), size) != 0 ? 2 : 1);
  if (bytes[0] == 'P' && samples > bytes.size() - pnm_header) {
    throw Error(where + ": ends early; fetch the file again");
  }
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
