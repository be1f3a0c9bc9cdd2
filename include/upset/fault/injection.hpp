// SPDX-License-Identifier: BSL-1.0
/// Faults that land in memory images, and leave them as they were.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include <upset/core/random.hpp>
#include <upset/fault/fault_model.hpp>
#include <upset/fault/fault_space.hpp>
#include <upset/fault/sampling.hpp>

namespace upset {

/// Faults at `sites` of a fault space, from construction to destruction or `undo`.
///
/// Keeps one entry per flipped bit, not a copy of anything. Operands that layers built from the
/// images follow with `Network::refresh`, after the injection and again after its end.
///
/// - errors: a site outside the space: `Error`, before any bit is flipped; where a flip throws,
///           those before it are undone
/// - cost:   O(flips): 20 ns each and 10 ns back, where memory answers from the cache
/// - example: Random random(seed, trial);
///            const auto sites = sample_ber(space, 1e-5, random);
///            const ScopedInjection injection(space, sites);
class ScopedInjection {
 public:
  template <FaultModel Model = BitFlip>
  ScopedInjection(const FaultSpace& space, std::span<const std::uint64_t> sites,
                  const Model& model = Model{});
  /// One site.
  template <FaultModel Model = BitFlip>
  ScopedInjection(const FaultSpace& space, std::uint64_t site, const Model& model = Model{})
      : ScopedInjection(space, std::span<const std::uint64_t>(&site, 1), model) {}

  ScopedInjection(const ScopedInjection&) = delete;
  ScopedInjection& operator=(const ScopedInjection&) = delete;
  ~ScopedInjection() { undo(); }

  /// Restores every image bit for bit; once is enough. Counts stay.
  void undo() {
    for (; !flips_.empty(); flips_.pop_back()) {
      flips_.back().image->flip(flips_.back().bit);
    }
  }

  /// Sites hit.
  [[nodiscard]] std::uint64_t faults() const { return faults_; }
  /// Bits flipped.
  [[nodiscard]] std::uint64_t flipped() const { return flipped_; }
  /// Faults that flipped nothing: bits stuck at the value they had.
  [[nodiscard]] std::uint64_t masked() const { return masked_; }

 private:
  ScopedInjection() = default;

  std::vector<FaultSpace::Place> flips_;
  std::uint64_t faults_ = 0;
  std::uint64_t flipped_ = 0;
  std::uint64_t masked_ = 0;
};

template <FaultModel Model>
ScopedInjection::ScopedInjection(const FaultSpace& space, std::span<const std::uint64_t> sites,
                                 const Model& model)
    : ScopedInjection() {  // from here on the destructor runs, whatever throws
  faults_ = sites.size();
  for (const std::uint64_t site : sites) {
    if (site >= space.bit_count()) {
      (void)space.place(site);  // throws
    }
  }
  flips_.reserve(sites.size());
  for (const std::uint64_t site : sites) {
    const FaultSpace::Place at = space.place(site);
    const std::size_t before = flips_.size();
    model.hit(*at.image, at.bit, [&](std::uint64_t bit) {
      if (flips_.size() == flips_.capacity()) {  // now: once a bit is flipped nothing may throw
        flips_.reserve(2 * flips_.size());
      }
      at.image->flip(bit);
      flips_.push_back({at.image, bit});
    });
    masked_ += flips_.size() == before ? 1U : 0U;
  }
  flipped_ = flips_.size();
}

/// The stream of the faults in what layer `layer` reads of picture `picture`, in trial `trial`.
/// Throws `Error` from 2^24 - 1 layers or 2^40 pictures upwards.
[[nodiscard]] inline Random activation_random(std::uint64_t seed, std::uint64_t trial,
                                              std::uint64_t layer, std::uint64_t picture) {
  constexpr int picture_bits = 40;
  if (layer + 1 >= std::uint64_t{1} << (64 - picture_bits) || picture >> picture_bits != 0) {
    throw Error(
        "Faults in activations are keyed by up to 2^24 - 2 layers and 2^40 pictures, not "
        "layer " +
        std::to_string(layer) + " of picture " + std::to_string(picture));
  }
  return Random(seed, trial, (layer + 1) << picture_bits | picture);  // never 0, which weights use
}

/// Hits each code bit of one activation image with probability `ber`. Scales are left out: they are
/// stored once, and a fault there would outlive the picture. Returns the number of faults.
///
/// Nothing is kept to undo them: the image is written anew for the next picture.
///
/// - errors: `ber` outside [0, 1]: `Error`
/// - cost:   O(faults); 40 ns where there are none
template <FaultModel Model = BitFlip>
std::uint64_t inject_activation(MemoryImage& image, double ber, Random random,
                                const Model& model = Model{}) {
  const std::uint64_t bits = image.layout().code_bits();
  const auto sites = sample_ber(bits, ber, random);
  for (const std::uint64_t site : sites) {
    model.hit(image, site, [&](std::uint64_t bit) {
      if (bit < bits) {  // a burst may reach the scales
        image.flip(bit);
      }
    });
  }
  return sites.size();
}

}  // namespace upset
