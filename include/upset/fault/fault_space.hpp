// SPDX-License-Identifier: BSL-1.0
/// The bits that faults may hit: memory images laid end to end, whole or in part.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <upset/fault/site.hpp>
#include <upset/tensor/memory_image.hpp>

namespace upset {

/// Bits of named memory images, numbered from 0 in the order of the images and of their memory.
///
/// A regular value that refers to the images; their sizes must not change while it is used. What
/// one word looks like is kept once per image, never once per bit.
/// - example: FaultSpace(network.images()).only_named("conv1").only_roles({BitRole::sign})
class FaultSpace {
 public:
  /// A bit of an image, by its number in that image's memory order.
  struct Place {
    MemoryImage* image = nullptr;
    std::uint64_t bit = 0;

    [[nodiscard]] friend bool operator==(const Place&, const Place&) = default;
  };

  /// A bit of an image, by the image's number: the same in every copy of a network.
  struct Address {
    std::size_t image = 0;  ///< index in `images()`
    std::uint64_t bit = 0;

    [[nodiscard]] friend auto operator<=>(const Address&, const Address&) = default;
  };

  /// Every bit: codes, check bits, copies and scales. Throws `Error` when two names are equal.
  explicit FaultSpace(std::vector<NamedImage> images);

  // -- taking a part; each throws `Error` when nothing is left

  /// The images called `name`, or of the layer `name`, or of the parameter set `name`:
  /// "conv1.kernel", "conv1" or "kernel".
  [[nodiscard]] FaultSpace only_named(std::string_view name) const {
    return only_any_named({std::string(name)});
  }
  /// The images that any of `names` takes. Throws `Error` for a name that takes none.
  [[nodiscard]] FaultSpace only_any_named(const std::vector<std::string>& names) const;

  /// The bits at these positions of an element's lane, bit 0 the lowest; a guard's copies lie above
  /// the code, its check bits above the lane. Leaves out scales.
  [[nodiscard]] FaultSpace only_bits(const std::vector<int>& positions) const;

  [[nodiscard]] FaultSpace only_roles(const std::vector<BitRole>& roles) const;

  /// The bits for which `keep(image name, BitLocation)` holds. Asked once for all words of an image
  /// that look alike: by what does not depend on the word or the element. `wanted` ends the
  /// sentence "The fault space has no bit".
  template <class Keep>
  [[nodiscard]] FaultSpace only_if(const Keep& keep, const std::string& wanted) const;

  /// The bits for which `keep(index of the image, bit of the image)` holds, asked for each: by what
  /// they hold. Throws `Error` as `only_if`, and for images of 2^32 bits and more.
  ///
  /// - cost: 4 bytes for each bit kept
  template <class Keep>
  [[nodiscard]] FaultSpace only_each_if(const Keep& keep, const std::string& wanted) const;

  // -- reading it
  [[nodiscard]] std::uint64_t bit_count() const { return bit_count_; }
  [[nodiscard]] std::span<const NamedImage> images() const { return images_; }

  /// Where bit `index` is. O(log images). Throws `Error` past the end.
  [[nodiscard]] Place place(std::uint64_t index) const;
  [[nodiscard]] Address address(std::uint64_t index) const {
    return {run_of(index).image, place(index).bit};
  }
  /// The same by element.
  [[nodiscard]] Site site(std::uint64_t index) const;
  /// "conv1.kernel[17] bit 31 (sign)"
  [[nodiscard]] std::string name(std::uint64_t index) const {
    const Site at = site(index);
    return site_name(images_[at.set].name, at) + " (" + std::string(role_name(at.role)) + ")";
  }

  /// The inverse of `site`; its role only tells scales from codes. Throws `Error` naming a site
  /// that does not exist or was not taken.
  [[nodiscard]] std::uint64_t index_of(const Site& site) const;
  /// The number of bit `bit` of element `element` of the image called `name`.
  [[nodiscard]] std::uint64_t find(std::string_view name, std::uint64_t element, int bit) const;

 private:
  /// A stretch of an image's memory in which the same bits are taken of every `period`: its whole
  /// words, its last word if that is not full, its scales. Bits chosen one by one are of one
  /// period.
  struct Run {
    std::size_t image = 0;
    std::uint64_t first = 0;  ///< bit of the image
    std::uint64_t period = 0;
    std::uint64_t repeats = 0;
    std::vector<std::uint32_t> taken;  ///< bits of a period, ascending
    std::uint64_t start = 0;           ///< bit of the space
  };

  void add_run(std::size_t image, std::uint64_t first, std::uint64_t period, std::uint64_t repeats);
  void number_runs();
  void expect_any(const std::string& wanted) const {
    if (bit_count_ == 0) {
      throw Error("The fault space has no bit " + wanted + "; leave out this restriction");
    }
  }
  [[nodiscard]] const Run& run_of(std::uint64_t index) const;
  [[nodiscard]] std::uint64_t image_bit(const Site& site) const;

  std::vector<NamedImage> images_;
  std::vector<Run> runs_;
  std::uint64_t bit_count_ = 0;
};

}  // namespace upset

#include <upset/fault/fault_space_impl.hpp>
