// SPDX-License-Identifier: BSL-1.0
// Convolutions whose memory is guarded: laws.test.cpp holds them to the laws of layers.
#include <cstdint>
#include <vector>

#include "nn/conv_subject.hpp"
#include "support/image_formats.hpp"
#include "support/layers.hpp"
#include <doctest/doctest.h>

using namespace upset;
using namespace upset::test;

std::vector<ConvSubject> upset::test::guarded_convolutions() {
  std::vector<ConvSubject> all;
  add_same(all, static_cast<LayerGuards*>(nullptr));
  all.push_back(conv_subject<ParityGuarded<Mono<8>, std::uint64_t>, Fixed<8, 6>>());
  all.push_back(conv_subject<Fixed<8, 6>, Secded<Mono<8>, std::uint64_t>>());
  return all;
}

TEST_CASE("guarded convolutions: compute as unguarded ones while nothing is wrong") {
  const auto same = [](const ConvSubject& guarded, const ConvSubject& plain) {
    CAPTURE(guarded.name);
    CHECK(different_bits(forward(guarded.layer, guarded.x), forward(plain.layer, plain.x)) == 0);
  };
  using Code = Fixed<8, 6>;
  same(conv_subject<Triplicated<Code>, Triplicated<Code>>(), conv_subject<Code, Code>());
  same(conv_subject<MsbDuplicated<Code>, MsbDuplicated<Code>>(), conv_subject<Code, Code>());
  same(conv_subject<Secded<Float32, std::uint64_t>, Secded<Float32, std::uint64_t>>(),
       conv_subject<Float32, Float32>());
}

TEST_CASE("guarded convolutions: a single flip anywhere is corrected, or silences its word") {
  ConvSubject corrected = conv_subject<Secded<Float32, std::uint64_t>, Float32>();
  const Tensor golden = forward(corrected.layer, corrected.x);
  std::size_t wrong = 0;
  for (const NamedImage& named : corrected.layer.images()) {
    for (std::uint64_t bit = 0; bit < named.image->bit_count(); ++bit) {
      named.image->flip(bit);
      corrected.layer.refresh();
      wrong += different_bits(forward(corrected.layer, corrected.x), golden);
      named.image->flip(bit);
    }
  }
  CHECK(wrong == 0);

  // four weights to a word: output channel 0 has 18 weights, the first 4 become zero
  ConvSubject silenced = conv_subject<ParityGuarded<BFloat16, std::uint64_t>, Float32>();
  MemoryImage& kernel = *silenced.layer.images()[0].image;
  kernel.flip(kernel.bit_index(2, 14));
  silenced.layer.refresh();
  Tensor stored(silenced.kernel);
  kernel.decode(stored.values());
  for (std::size_t i = 0; i < 4; ++i) {
    CHECK(stored[i] == 0.0F);
  }
  CHECK(stored[4] != 0.0F);
  Tensor bias({6});
  silenced.layer.images()[1].image->decode(bias.values());
  CHECK(different_bits(forward(silenced.layer, silenced.x),
                       forward(Conv2d<>(silenced.geometry, stored, bias), silenced.x)) == 0);
}
