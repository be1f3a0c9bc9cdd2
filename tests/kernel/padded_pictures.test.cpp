// SPDX-License-Identifier: BSL-1.0
#include <cstddef>

#include "support/values.hpp"
#include <doctest/doctest.h>

#include <upset/format/formats.hpp>
#include <upset/guard/guards.hpp>
#include <upset/kernel/padded_pictures.hpp>

using namespace upset;
using upset::test::Values;

namespace {

constexpr std::size_t height = 3;
constexpr std::size_t width = 4;
constexpr std::size_t channels = 5;

template <class W_, class A_>
struct Pair {
  using W = W_;
  using A = A_;
};

}  // namespace

TEST_CASE_TEMPLATE("PaddedPictures: holds operands where windows read them, and zero around", P,
                   Pair<Float32, Float32>, Pair<Int8Affine, Int8Affine>,
                   Pair<Fixed<16, 8>, Fixed<8, 4>>,
                   Pair<Mono<8>, ParityGuarded<Mono<8>, std::uint64_t>>) {
  using W = typename P::W;
  using A = typename P::A;
  using Product = Arithmetic<W, A>;
  const WindowGeometry geometry{.pad_top = 1, .pad_left = 2, .pad_bottom = 1, .pad_right = 1};
  const Tensor x = Values(1).uniform({2, height, width, channels}, -1, 1);
  const auto scale = A::fit(x.values());
  PaddedPictures<W, A> pictures(geometry, height, width, channels, 2, scale);
  const Memory<A> memory(x.row(0), {scale});
  pictures.write(0, memory);
  if constexpr (is_plain<A>) {
    pictures.write(1, x.row(1), scale);
  } else {
    pictures.write(1, Memory<A>(x.row(1), {scale}));
  }
  const auto read = [&](std::size_t b) {
    Tensor values(x.shape().without_batch());
    Memory<A>(x.row(b), {scale}).decode(values.values());
    return values;
  };

  // a window of one pixel at every place of the padded picture
  const auto bases = pictures.bases(2);
  CHECK(bases.size() == 2 * (height + 2) * (width + 3));
  std::size_t wrong = 0;
  for (std::size_t b = 0; b < 2; ++b) {
    const Tensor values = read(b);
    for (std::size_t m = 0; m < bases.size() / 2; ++m) {
      const std::size_t row = m / (width + 3) - 1;
      const std::size_t column = m % (width + 3) - 2;
      const bool is_real = row < height && column < width;
      for (std::size_t c = 0; c < channels; ++c) {
        const auto found = pictures.data()[bases[b * bases.size() / 2 + m] + c];
        const double value =
            (static_cast<double>(found) - Product::zero(scale)) * Product::template step<A>(scale);
        const double right =
            is_real ? static_cast<double>(values[(row * width + column) * channels + c]) : 0.0;
        wrong += value - right < 1e-6 && right - value < 1e-6 ? 0U : 1U;
      }
    }
  }
  CHECK(wrong == 0);
}
