// SPDX-License-Identifier: BSL-1.0
/// How many bits memory images take, and what a protection adds.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <upset/core/error.hpp>
#include <upset/tensor/memory_image.hpp>

namespace upset {

/// Bits of some memory images, by what they are for.
struct Footprint {
  std::uint64_t elements = 0;
  std::uint64_t code_bits = 0;        ///< elements times the width of a code
  std::uint64_t protection_bits = 0;  ///< copies inside the lanes, and check bits
  std::uint64_t scale_bits = 0;

  [[nodiscard]] constexpr std::uint64_t total_bits() const {
    return code_bits + protection_bits + scale_bits;
  }
  /// All bits shared out among the elements; NaN without elements.
  [[nodiscard]] constexpr double bits_per_element() const {
    return static_cast<double>(total_bits()) / static_cast<double>(elements);
  }
  constexpr Footprint& operator+=(const Footprint& other) {
    elements += other.elements;
    code_bits += other.code_bits;
    protection_bits += other.protection_bits;
    scale_bits += other.scale_bits;
    return *this;
  }
  [[nodiscard]] friend constexpr bool operator==(const Footprint&, const Footprint&) = default;
};

/// Bits of one memory image: `total_bits()` is its `bit_count()`, every bit a fault can hit.
[[nodiscard]] constexpr Footprint footprint(const ImageLayout& layout) {
  Footprint bits;
  bits.elements = layout.elements;
  bits.code_bits = layout.elements * static_cast<std::uint64_t>(layout.element_bits);
  bits.protection_bits = layout.code_bits() - bits.code_bits;
  bits.scale_bits = layout.bit_count() - layout.code_bits();
  return bits;
}

/// Bits of all of them together.
[[nodiscard]] constexpr Footprint footprint(std::span<const ImageLayout> layouts) {
  Footprint sum;
  for (const ImageLayout& layout : layouts) {
    sum += footprint(layout);
  }
  return sum;
}

/// Bits of the images of one format.
struct FormatFootprint {
  std::string format;
  std::size_t images = 0;
  Footprint bits{};
};

/// Bits by format, in the order in which formats first appear.
[[nodiscard]] inline std::vector<FormatFootprint> footprint_by_format(
    std::span<const MemoryImage* const> images) {
  std::vector<FormatFootprint> result;
  for (const MemoryImage* image : images) {
    auto found = std::ranges::find(result, image->format_name(), &FormatFootprint::format);
    if (found == result.end()) {
      found = result.insert(found, FormatFootprint{std::string(image->format_name())});
    }
    ++found->images;
    found->bits += footprint(image->layout());
  }
  return result;
}

/// Bits that `layouts` take beyond `reference`, in percent of `reference`; negative where fewer.
///
/// - errors: throws `Error` when the reference has no bits
[[nodiscard]] inline double extra_bits_percent(std::span<const ImageLayout> layouts,
                                               std::span<const ImageLayout> reference) {
  const auto bits = static_cast<double>(footprint(layouts).total_bits());
  const auto base = static_cast<double>(footprint(reference).total_bits());
  if (base == 0) {
    throw Error(
        "Extra bits have no percentage of a reference without bits; give the images of the "
        "unprotected network");
  }
  return 100 * (bits - base) / base;
}

}  // namespace upset
