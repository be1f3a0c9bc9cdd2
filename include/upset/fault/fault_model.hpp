// SPDX-License-Identifier: BSL-1.0
/// What a fault does to the bit it hits and to its neighbours.
#pragma once

#include <concepts>
#include <cstdint>
#include <string>

#include <upset/tensor/memory_image.hpp>

namespace upset {

/// Says which bits of an image a fault at `bit` changes, by calling `flip(bit)` for each.
template <class M>
concept FaultModel = std::copyable<M> && requires(const M model, const MemoryImage& image,
                                                  std::uint64_t bit, void (*flip)(std::uint64_t)) {
  model.hit(image, bit, flip);
  { model.name() } -> std::convertible_to<std::string>;
};

/// A single-event upset: the bit changes.
struct BitFlip {
  template <class Flip>
  void hit(const MemoryImage& /*image*/, std::uint64_t bit, Flip&& flip) const {
    flip(bit);
  }
  [[nodiscard]] static std::string name() { return "bit flip"; }
};

/// A defect: the bit reads 0, whatever was written.
struct StuckAt0 {
  template <class Flip>
  void hit(const MemoryImage& image, std::uint64_t bit, Flip&& flip) const {
    if (image.test(bit)) {
      flip(bit);
    }
  }
  [[nodiscard]] static std::string name() { return "stuck at 0"; }
};

/// A defect: the bit reads 1, whatever was written.
struct StuckAt1 {
  template <class Flip>
  void hit(const MemoryImage& image, std::uint64_t bit, Flip&& flip) const {
    if (!image.test(bit)) {
      flip(bit);
    }
  }
  [[nodiscard]] static std::string name() { return "stuck at 1"; }
};

/// One particle, several cells: `length` bits that follow each other in memory order change. A
/// burst crosses words and goes on into scales; it ends with its image. Where two bursts overlap,
/// the bits they share change twice.
struct Burst {
  int length = 2;

  template <class Flip>
  void hit(const MemoryImage& image, std::uint64_t bit, Flip&& flip) const {
    const std::uint64_t end = image.bit_count();
    for (int i = 0; i < length && bit < end; ++i) {
      flip(bit++);
    }
  }
  [[nodiscard]] std::string name() const { return "burst of " + std::to_string(length); }
};

static_assert(FaultModel<BitFlip> && FaultModel<StuckAt0> && FaultModel<StuckAt1> &&
              FaultModel<Burst>);

}  // namespace upset
