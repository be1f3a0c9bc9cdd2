// SPDX-License-Identifier: BSL-1.0
/// The bits that faults may hit: memory images laid end to end, whole or in part.
#pragma once

#include <algorithm>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <limits>
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

inline FaultSpace::FaultSpace(std::vector<NamedImage> images) : images_(std::move(images)) {
  for (std::size_t i = 0; i < images_.size(); ++i) {
    for (std::size_t other = 0; other < i; ++other) {
      if (images_[other].name == images_[i].name) {
        throw Error("Two memory images are called " + images_[i].name + "; name them differently");
      }
    }
    const ImageLayout at = images_[i].image->layout();
    const auto word_bits = static_cast<std::uint64_t>(at.word_bits);
    const std::uint64_t whole = at.elements / static_cast<std::uint64_t>(at.lanes);
    add_run(i, 0, word_bits, whole);
    add_run(i, whole * word_bits, at.code_bits() - whole * word_bits, 1);
    add_run(i, at.code_bits(), static_cast<std::uint64_t>(at.scale_bits), at.scales);
  }
  number_runs();
}

inline void FaultSpace::add_run(std::size_t image, std::uint64_t first, std::uint64_t period,
                                std::uint64_t repeats) {
  if (period * repeats == 0) {
    return;
  }
  Run run{image, first, period, repeats, {}, 0};
  for (std::uint32_t bit = 0; bit < period; ++bit) {
    run.taken.push_back(bit);
  }
  runs_.push_back(std::move(run));
}

inline void FaultSpace::number_runs() {
  bit_count_ = 0;
  for (Run& run : runs_) {
    run.start = bit_count_;
    bit_count_ += run.repeats * run.taken.size();
  }
}

template <class Keep>
FaultSpace FaultSpace::only_if(const Keep& keep, const std::string& wanted) const {
  FaultSpace part = *this;
  part.runs_.clear();
  for (Run run : runs_) {
    std::erase_if(run.taken, [&](std::uint32_t bit) {
      const NamedImage& image = images_[run.image];
      return !keep(image.name, image.image->locate(run.first + bit));
    });
    if (!run.taken.empty()) {
      part.runs_.push_back(std::move(run));
    }
  }
  part.number_runs();
  part.expect_any(wanted);
  return part;
}

template <class Keep>
FaultSpace FaultSpace::only_each_if(const Keep& keep, const std::string& wanted) const {
  FaultSpace part = *this;
  part.runs_.clear();
  for (const Run& run : runs_) {
    Run chosen{run.image, run.first, run.period * run.repeats, 1, {}, 0};
    if (chosen.period > std::numeric_limits<std::uint32_t>::max()) {
      throw Error(images_[run.image].name + " has " + std::to_string(chosen.period) +
                  " bits, too many to choose one by one; choose by layer, set, role or position");
    }
    for (std::uint64_t start = 0; start < chosen.period; start += run.period) {
      for (const std::uint32_t bit : run.taken) {
        if (keep(run.image, run.first + start + bit)) {
          chosen.taken.push_back(static_cast<std::uint32_t>(start + bit));
        }
      }
    }
    if (!chosen.taken.empty()) {
      part.runs_.push_back(std::move(chosen));
    }
  }
  part.number_runs();
  part.expect_any(wanted);
  return part;
}

inline FaultSpace FaultSpace::only_any_named(const std::vector<std::string>& names) const {
  const auto takes = [](std::string_view name, std::string_view image) {
    return image == name || image.starts_with(std::string(name) + ".") ||
           image.ends_with("." + std::string(name));
  };
  for (const std::string& name : names) {
    if (std::none_of(runs_.begin(), runs_.end(),
                     [&](const Run& run) { return takes(name, images_[run.image].name); })) {
      std::string known;
      for (const NamedImage& image : images_) {
        known += (known.empty() ? "" : ", ") + image.name;
      }
      throw Error("No memory image of the fault space is called " + name + "; there are " + known);
    }
  }
  return only_if(
      [&](std::string_view image, const BitLocation&) {
        return std::any_of(names.begin(), names.end(),
                           [&](const std::string& name) { return takes(name, image); });
      },
      "under no name");
}

inline FaultSpace FaultSpace::only_bits(const std::vector<int>& positions) const {
  std::string wanted = "at positions";
  for (const int position : positions) {
    wanted += " " + std::to_string(position);
  }
  return only_if(
      [&](std::string_view, const BitLocation& at) {
        return at.role != BitRole::scale &&
               std::find(positions.begin(), positions.end(), at.bit) != positions.end();
      },
      wanted);
}

inline FaultSpace FaultSpace::only_roles(const std::vector<BitRole>& roles) const {
  std::string wanted = "of the roles";
  for (const BitRole role : roles) {
    wanted += " " + std::string(role_name(role));
  }
  return only_if(
      [&](std::string_view, const BitLocation& at) {
        return std::find(roles.begin(), roles.end(), at.role) != roles.end();
      },
      wanted);
}

inline const FaultSpace::Run& FaultSpace::run_of(std::uint64_t index) const {
  if (index >= bit_count_) {
    throw Error("Site " + std::to_string(index) + " lies outside a fault space of " +
                std::to_string(bit_count_) + " bits");
  }
  return *std::prev(
      std::upper_bound(runs_.begin(), runs_.end(), index,
                       [](std::uint64_t at, const Run& run) { return at < run.start; }));
}

inline FaultSpace::Place FaultSpace::place(std::uint64_t index) const {
  const Run& run = run_of(index);
  const std::uint64_t within = index - run.start;
  const std::uint64_t taken = run.taken.size();
  return {images_[run.image].image,
          run.first + (taken == run.period  // all bits, which is the common case
                           ? within
                           : within / taken * run.period + run.taken[within % taken])};
}

inline Site FaultSpace::site(std::uint64_t index) const {
  const BitLocation at = place(index).image->locate(place(index).bit);
  return {run_of(index).image, at.element, at.bit, at.role};
}

inline std::uint64_t FaultSpace::image_bit(const Site& site) const {
  const MemoryImage& image = *images_[site.set].image;
  const ImageLayout at = image.layout();
  if (site.role == BitRole::scale) {
    if (site.element < at.scales && 0 <= site.bit && site.bit < at.scale_bits) {
      return at.code_bits() + site.element * static_cast<std::uint64_t>(at.scale_bits) +
             static_cast<std::uint64_t>(site.bit);
    }
  } else if (site.element < at.elements && 0 <= site.bit) {
    const auto lanes = static_cast<std::uint64_t>(at.lanes);
    if (site.bit < at.lane_bits) {
      return image.bit_index(site.element, site.bit);
    }
    if (site.bit < at.lane_bits + at.check_bits() && site.element % lanes == 0) {
      const std::uint64_t last = std::min(site.element + lanes, at.elements) - 1;
      return image.bit_index(last, at.lane_bits - 1) + 1 +
             static_cast<std::uint64_t>(site.bit - at.lane_bits);
    }
  }
  throw Error(site_name(images_[site.set].name, site) + " does not exist: the set has " +
              std::to_string(at.elements) + " elements of " + std::to_string(at.lane_bits) +
              " bits, " + std::to_string(at.check_bits()) + " check bits a word and " +
              std::to_string(at.scales) + " scales of " + std::to_string(at.scale_bits) + " bits");
}

inline std::uint64_t FaultSpace::index_of(const Site& site) const {
  if (site.set >= images_.size()) {
    throw Error("Parameter set " + std::to_string(site.set) + " lies outside a fault space of " +
                std::to_string(images_.size()) + " memory images");
  }
  const std::uint64_t bit = image_bit(site);
  for (const Run& run : runs_) {
    if (run.image == site.set && run.first <= bit && bit < run.first + run.period * run.repeats) {
      const std::uint64_t within = (bit - run.first) % run.period;
      const auto found = std::lower_bound(run.taken.begin(), run.taken.end(), within);
      if (found != run.taken.end() && *found == within) {
        return run.start + (bit - run.first) / run.period * run.taken.size() +
               static_cast<std::uint64_t>(found - run.taken.begin());
      }
    }
  }
  throw Error(site_name(images_[site.set].name, site) +
              " is not in the fault space, which takes only a part of the memory");
}

inline std::uint64_t FaultSpace::find(std::string_view name, std::uint64_t element, int bit) const {
  for (std::size_t set = 0; set < images_.size(); ++set) {
    if (images_[set].name == name) {
      return index_of({set, element, bit, BitRole{}});
    }
  }
  throw Error("No memory image of the fault space is called " + std::string(name));
}

}  // namespace upset
