// SPDX-License-Identifier: BSL-1.0
/// Bits whose flips do the same: one stands for all.
#pragma once

#include <cstdint>
#include <vector>

#include <upset/fault/fault_space.hpp>

namespace upset {

/// Bits of a fault space that change the value of their element alike when one of them flips.
struct BitClass {
  std::uint64_t site = 0;    ///< the first of them, a number of the space
  std::uint64_t weight = 0;  ///< how many they are

  [[nodiscard]] friend constexpr bool operator==(const BitClass&, const BitClass&) = default;
};

/// Whether the bits of an element weigh the same, as in `Mono`. Where a guard tells some of them
/// from others, they do not.
[[nodiscard]] inline bool bits_weigh_the_same(const MemoryImage& image) {
  const ImageLayout at = image.layout();
  for (int bit = 0; bit < at.word_bits; ++bit) {
    if (image.word_role(bit) != BitRole::level) {
      return false;
    }
  }
  return true;
}

/// The classes of all bits of a space, as the images hold them now, in ascending order: of an
/// element whose bits weigh the same the set ones and the clear ones, else every bit by itself.
///
/// Outcomes of single flips, counted by weight, are those of flipping every bit: an element of
/// `Mono<M>` takes at most 2 trials for M.
///
/// - cost: O(bits), 0.1 us each
[[nodiscard]] inline std::vector<BitClass> bit_classes(const FaultSpace& space) {
  std::vector<bool> alike;
  for (const NamedImage& image : space.images()) {
    alike.push_back(bits_weigh_the_same(*image.image));
  }
  std::vector<BitClass> classes;
  std::size_t of_element = 0;  // where the classes of the present element begin
  Site element{.element = ~std::uint64_t{0}};
  for (std::uint64_t index = 0; index < space.bit_count(); ++index) {
    const Site site = space.site(index);
    const FaultSpace::Place at = space.place(index);
    if (site.set != element.set || site.element != element.element || site.role != element.role) {
      element = site;
      of_element = classes.size();
    }
    bool found = false;
    if (alike[site.set] && site.role == BitRole::level) {
      for (std::size_t i = of_element; i < classes.size() && !found; ++i) {
        const FaultSpace::Place first = space.place(classes[i].site);
        found = first.image->test(first.bit) == at.image->test(at.bit);
        classes[i].weight += found ? 1 : 0;
      }
    }
    if (!found) {
      classes.push_back({index, 1});
    }
  }
  return classes;
}

}  // namespace upset
