// SPDX-License-Identifier: BSL-1.0
/// How `FaultSpace` numbers bits and is restricted; included by fault_space.hpp only.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <upset/fault/fault_space.hpp>

namespace upset {

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
           image.substr(image.rfind('.') + 1) == name;
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
