// SPDX-License-Identifier: BSL-1.0
/// Picture files: JPEG, PNG, BMP and PPM, decoded by stb_image.
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
#include <vector>

#include <stb/stb_image.h>

#include <upset/core/error.hpp>
#include <upset/io/bytes.hpp>
#include <upset/io/picture.hpp>

namespace upset {

namespace detail {

/// Where pixels begin in a PGM or PPM file: a white space after the third number. `bytes.size()`
/// where there is no such place.
[[nodiscard]] inline std::size_t pnm_header_size(std::span<const std::uint8_t> bytes) {
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
    skip_while([](std::uint8_t c) { return c >= '0' && c <= '9'; });
  }
  return std::min(at + 1, bytes.size());
}

/// Whether every Huffman table, wherever one may begin, has 256 codes at most. stb_image 2.27
/// writes beyond its own for more.
[[nodiscard]] inline bool jpeg_tables_fit(std::span<const std::uint8_t> bytes) {
  for (std::size_t at = 0; at + 4 <= bytes.size(); ++at) {
    if (bytes[at] != 0xFF || bytes[at + 1] != 0xC4) {
      continue;
    }
    int left = 256 * bytes[at + 2] + bytes[at + 3] - 2;
    for (std::size_t table = at + 4; left > 0 && table + 17 <= bytes.size();) {
      int codes = 0;
      for (const std::uint8_t of_length : bytes.subspan(table + 1, 16)) {
        codes += of_length;
      }
      if (codes > 256) {
        return false;
      }
      left -= 17 + codes;
      table += 17 + static_cast<std::size_t>(codes);
    }
  }
  return true;
}

/// A JPEG file in which every Huffman table has no codes until it is defined. stb_image 2.27
/// decodes by what lies in memory where a scan names a table that the file does not have, until an
/// assertion fails.
[[nodiscard]] inline std::vector<std::uint8_t> with_empty_tables(
    std::span<const std::uint8_t> bytes) {
  constexpr std::size_t start = 2;  // the marker that begins the file
  constexpr std::size_t counts = 16;
  std::vector<std::uint8_t> result(bytes.begin(), bytes.begin() + start);
  result.insert(result.end(), {0xFF, 0xC4, 0, 2 + 8 * (1 + counts)});
  for (const int table : {0x00, 0x01, 0x02, 0x03, 0x10, 0x11, 0x12, 0x13}) {
    result.push_back(static_cast<std::uint8_t>(table));
    result.insert(result.end(), counts, 0);
  }
  result.insert(result.end(), bytes.begin() + start, bytes.end());
  return result;
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

/// Decodes the bytes of a JPEG (baseline or progressive), PNG, BMP, PGM or PPM file into red, green
/// and blue; grey becomes three equal channels, transparency is dropped, 16 bits of a PNG
/// file become the upper 8. `where` is its name in errors.
///
/// JPEG is decoded by 8-bit integer transforms and linear interpolation of colours, so its pixels
/// are a grey level or two off those of other decoders.
///
/// - errors: throws `Error` for another format, what is damaged or not supported, sizes above
/// 16384,
///   and more than 65536 pixels where they are more than a thousand times the bytes, before
///   anything is allocated for it
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
  std::vector<std::uint8_t> jpeg;
  if (bytes[0] == 0xFF) {
    if (!detail::jpeg_tables_fit(bytes)) {
      throw Error(where + ": is damaged: it has a Huffman table of more than 256 codes");
    }
    jpeg = detail::with_empty_tables(bytes);
    bytes = jpeg;
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
  const std::uint64_t pixels =
      static_cast<std::uint64_t>(width) * static_cast<std::uint64_t>(height);
  if (width <= 0 || height <= 0 || std::max(width, height) > 16384 ||
      (pixels > 65536 && pixels / 1000 > bytes.size())) {
    throw Error(where + ": says that it has " + std::to_string(width) + " x " +
                std::to_string(height) + " pixels, and has " + std::to_string(bytes.size()) +
                " bytes; save it smaller, or fetch it again");
  }
  if (bytes[0] == 'P') {
    // stb_image 2.27 takes their bytes in the wrong order, and reads beyond grey ones
    if (stbi_is_16_bit_from_memory(bytes.data(), size) != 0) {
      throw Error(where + ": has 16 bits a channel; save it with 8, or as PNG");
    }
    // nor does it look whether the file is all there
    if (pixels * static_cast<std::uint64_t>(channels) >
        bytes.size() - detail::pnm_header_size(bytes)) {
      throw Error(where + ": ends early; fetch the file again");
    }
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
