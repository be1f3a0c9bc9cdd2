// SPDX-License-Identifier: BSL-1.0
/// A few small memory images of different formats and guards, as a network would name them.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <upset/fault/fault_space.hpp>
#include <upset/format/formats.hpp>
#include <upset/guard/guards.hpp>
#include <upset/tensor/memory.hpp>

namespace upset::test {

/// Values of both signs, none of them special.
[[nodiscard]] inline std::vector<float> some_values(std::size_t count) {
  std::vector<float> values;
  for (std::size_t i = 0; i < count; ++i) {
    values.push_back(static_cast<float>(i * 37 % 101) / 50.0F - 1.0F);
  }
  return values;
}

/// Images that own their memory.
class Memories {
 public:
  template <Format F>
  Memory<F>& add(const std::string& name, std::size_t elements, std::size_t scales = 1) {
    const std::vector<float> values = some_values(elements);
    auto memory =
        std::make_unique<Memory<F>>(values, std::vector<typename F::Scale>(scales, F::fit(values)));
    Memory<F>& added = *memory;
    named_.push_back({name, memory.get()});
    owned_.push_back(std::move(memory));
    return added;
  }
  [[nodiscard]] const std::vector<NamedImage>& named() const { return named_; }
  [[nodiscard]] FaultSpace space() const { return FaultSpace(named_); }

  /// Every bit of every image.
  [[nodiscard]] std::vector<bool> bits() const {
    std::vector<bool> all;
    for (const NamedImage& each : named_) {
      for (std::uint64_t bit = 0; bit < each.image->bit_count(); ++bit) {
        all.push_back(each.image->test(bit));
      }
    }
    return all;
  }

 private:
  std::vector<std::unique_ptr<MemoryImage>> owned_;
  std::vector<NamedImage> named_;
};

/// Whole and partial words, one lane and many, check bits, copies, one scale and several.
[[nodiscard]] inline Memories mixed_memories() {
  Memories memories;
  memories.add<Float32>("conv1.kernel", 5);
  memories.add<ParityGuarded<Mono<8>, std::uint64_t>>("conv2.kernel", 19);
  memories.add<Secded<Fixed<5, 3>, std::uint32_t>>("conv2.bias", 8);
  memories.add<Int8Affine>("conv3.kernel", 12, 3);
  memories.add<Binary>("conv3.bias", 70);
  memories.add<Triplicated<Float32>>("dense.kernel", 2);
  memories.add<MsbDuplicated<MultiLevelBinary<4>>>("dense.bias", 3);
  memories.add<Secded<Float32, WideWord<256>>>("dense.kernel2", 11);
  memories.add<Fixed<8, 6>>("empty.kernel", 0);
  return memories;
}

}  // namespace upset::test
