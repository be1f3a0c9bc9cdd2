// SPDX-License-Identifier: BSL-1.0
// Convolutions whose weights alone are guarded, by parity of every word size and by their range:
// laws.test.cpp holds them to the laws of layers.
#include <cstdint>
#include <tuple>
#include <vector>

#include "nn/conv_subject.hpp"
#include "support/layers.hpp"
#include <doctest/doctest.h>

#include <upset/format/formats.hpp>
#include <upset/guard/guards.hpp>

using namespace upset;
using namespace upset::test;

namespace {

template <Format T>
using ParityWords = std::tuple<ParityGuarded<T, Unsigned<T::width>>,
                               ParityGuarded<T, std::uint64_t>, ParityGuarded<T, WideWord<256>>>;
template <Format A, class... Weights>
void add_weights(std::vector<ConvSubject>& all, std::tuple<Weights...>*) {
  (all.push_back(conv_subject<Weights, A>()), ...);
}

}  // namespace

std::vector<ConvSubject> upset::test::parity_convolutions() {
  std::vector<ConvSubject> all;
  add_weights<Float32>(all, static_cast<ParityWords<Float32>*>(nullptr));
  add_weights<BFloat16>(all, static_cast<ParityWords<BFloat16>*>(nullptr));
  add_weights<Int8Affine>(all, static_cast<ParityWords<Int8Affine>*>(nullptr));
  all.push_back(conv_subject<RangeGuarded<Float32>, Float32>());
  all.push_back(conv_subject<RangeGuarded<Int8Affine, EndOutside>, Int8Affine>());
  return all;
}

TEST_CASE("parity: one flip silences as many weights as share its word, and its undo none") {
  const std::size_t lanes[] = {1, 2, 8, 1, 4, 16, 1, 8, 32};
  std::vector<ConvSubject> all = parity_convolutions();
  for (std::size_t i = 0; i < std::size(lanes); ++i) {
    ConvSubject& subject = all[i];
    CAPTURE(subject.name);
    MemoryImage& kernel = *subject.layer.images()[0].image;
    std::vector<float> before(subject.kernel.size());
    kernel.decode(before);
    const std::size_t word = 40 / lanes[i];
    kernel.flip(kernel.bit_index(40, 6));
    CHECK(kernel.check(kernel.bit_index(40, 6)) == Check::masked);
    std::vector<float> after(before.size());
    kernel.decode(after);
    std::size_t wrong = 0;
    for (std::size_t w = 0; w < before.size(); ++w) {
      wrong += after[w] == (w / lanes[i] == word ? 0.0F : before[w]) ? 0U : 1U;
    }
    CHECK(wrong == 0);
    kernel.flip(kernel.bit_index(40, 6));
    kernel.decode(after);
    CHECK(after == before);
  }
}
