// SPDX-License-Identifier: BSL-1.0
/// The bits of a tensor as a fault sees them: addressable, without knowing the format.
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include <upset/core/error.hpp>
#include <upset/format/concepts.hpp>

namespace upset {

/// How the bits of a memory image are laid out; everything that sampling needs.
///
/// Fault-hittable bits are numbered in memory order: words from the first to the last, bit 0 of
/// each first, then the scales. A last word that is not full has no bits for its missing lanes, but
/// all its check bits.
struct ImageLayout {
  std::uint64_t elements = 0;
  int element_bits = 0;  ///< width of a code, without copies
  int lanes = 1;
  int lane_bits = 0;
  int word_bits = 0;
  std::uint64_t scales = 0;
  int scale_bits = 0;

  [[nodiscard]] constexpr int check_bits() const { return word_bits - lanes * lane_bits; }
  [[nodiscard]] constexpr std::uint64_t words() const {
    const auto per_word = static_cast<std::uint64_t>(lanes);
    return (elements + per_word - 1) / per_word;
  }
  /// Bits of all words, scales left out.
  [[nodiscard]] constexpr std::uint64_t code_bits() const {
    return elements * static_cast<std::uint64_t>(lane_bits) +
           words() * static_cast<std::uint64_t>(check_bits());
  }
  [[nodiscard]] constexpr std::uint64_t bit_count() const {
    return code_bits() + scales * static_cast<std::uint64_t>(scale_bits);
  }
  [[nodiscard]] friend constexpr bool operator==(const ImageLayout&, const ImageLayout&) = default;
};

/// Where one bit of a memory image is.
struct BitLocation {
  std::uint64_t word = 0;     ///< index of the word, or of the scale if `role` is `scale`
  int word_bit = 0;           ///< bit within that word or scale
  std::uint64_t element = 0;  ///< element the bit belongs to; a check bit: the word's first element
  int bit = 0;                ///< bit within the element's lane; a check bit: `lane_bits` onwards
  BitRole role{};

  [[nodiscard]] friend constexpr bool operator==(const BitLocation&, const BitLocation&) = default;
};

/// A memory image with its format erased. `Memory<Format>` is the only thing that derives from it.
class MemoryImage {
 public:
  virtual ~MemoryImage() = default;

  [[nodiscard]] virtual std::string_view format_name() const = 0;
  [[nodiscard]] virtual ImageLayout layout() const = 0;
  /// Role of a bit of a word; the same for every word.
  [[nodiscard]] virtual BitRole word_role(int word_bit) const = 0;
  [[nodiscard]] virtual bool test(std::uint64_t bit) const = 0;
  virtual void flip(std::uint64_t bit) = 0;
  /// What a guard says about the word that holds bit `bit`; scales have none.
  [[nodiscard]] virtual Check check(std::uint64_t bit) const = 0;
  /// Values as the hardware would read them, guards applied; as many as there are elements.
  virtual void decode(std::span<float> values) const = 0;

  [[nodiscard]] std::uint64_t bit_count() const { return layout().bit_count(); }

  /// Word, element and role of bit `bit` in memory order. Throws `Error` past the end.
  [[nodiscard]] BitLocation locate(std::uint64_t bit) const;
  /// The inverse: number in memory order of bit `bit` of the lane of `element`.
  [[nodiscard]] std::uint64_t bit_index(std::uint64_t element, int bit) const;

 protected:
  MemoryImage() = default;
  MemoryImage(const MemoryImage&) = default;
  MemoryImage(MemoryImage&&) = default;
  MemoryImage& operator=(const MemoryImage&) = default;
  MemoryImage& operator=(MemoryImage&&) = default;
};

inline BitLocation MemoryImage::locate(std::uint64_t bit) const {
  const ImageLayout at = layout();
  if (bit >= at.bit_count()) {
    throw Error("Bit " + std::to_string(bit) + " lies outside a memory image of " +
                std::to_string(at.bit_count()) + " bits");
  }
  BitLocation found;
  if (bit >= at.code_bits()) {
    const std::uint64_t scale_bit = bit - at.code_bits();
    found.word = scale_bit / static_cast<std::uint64_t>(at.scale_bits);
    found.word_bit = static_cast<int>(scale_bit % static_cast<std::uint64_t>(at.scale_bits));
    found.element = found.word;
    found.bit = found.word_bit;
    found.role = BitRole::scale;
    return found;
  }
  const auto lanes = static_cast<std::uint64_t>(at.lanes);
  found.word = bit / static_cast<std::uint64_t>(at.word_bits);
  found.word_bit = static_cast<int>(bit % static_cast<std::uint64_t>(at.word_bits));
  const std::uint64_t here = std::min(lanes, at.elements - found.word * lanes);
  const int missing = at.lane_bits * static_cast<int>(lanes - here);
  if (found.word_bit >= at.lane_bits * static_cast<int>(here)) {
    found.word_bit += missing;  // past the lanes that are there: a check bit
    found.element = found.word * lanes;
    found.bit = found.word_bit - at.lanes * at.lane_bits + at.lane_bits;
  } else {
    found.element = found.word * lanes + static_cast<std::uint64_t>(found.word_bit / at.lane_bits);
    found.bit = found.word_bit % at.lane_bits;
  }
  found.role = word_role(found.word_bit);
  return found;
}

inline std::uint64_t MemoryImage::bit_index(std::uint64_t element, int bit) const {
  const ImageLayout at = layout();
  if (element >= at.elements || bit < 0 || bit >= at.lane_bits) {
    throw Error("Bit " + std::to_string(bit) + " of element " + std::to_string(element) +
                " lies outside a memory image of " + std::to_string(at.elements) + " elements of " +
                std::to_string(at.lane_bits) + " bits");
  }
  const auto lanes = static_cast<std::uint64_t>(at.lanes);
  return element / lanes * static_cast<std::uint64_t>(at.word_bits) +
         element % lanes * static_cast<std::uint64_t>(at.lane_bits) +
         static_cast<std::uint64_t>(bit);
}

/// A memory image under the name of the parameter set it holds: "conv1.kernel".
struct NamedImage {
  std::string name;
  MemoryImage* image = nullptr;
};

}  // namespace upset
