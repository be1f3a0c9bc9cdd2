// SPDX-License-Identifier: BSL-1.0
#include <algorithm>
#include <cstddef>
#include <type_traits>

#include "support/format_pair.hpp"
#include "support/values.hpp"
#include <doctest/doctest.h>

#include <upset/format/formats.hpp>
#include <upset/guard/guards.hpp>
#include <upset/kernel/padded_pictures.hpp>

using namespace upset;
using upset::test::FormatPair;
using upset::test::Values;

namespace {

constexpr std::size_t picture_height = 3;
constexpr std::size_t picture_width = 4;
constexpr std::size_t picture_channels = 5;

}  // namespace

TEST_CASE_TEMPLATE("PaddedPictures: holds operands where windows read them, and zero around", P,
                   FormatPair<Float32, Float32>, FormatPair<BFloat16, BFloat16>,
                   FormatPair<Int8Affine, Int8Affine>, FormatPair<Fixed<16, 8>, Fixed<8, 4>>,
                   FormatPair<Mono<8>, ParityGuarded<Mono<8>, std::uint64_t>>) {
  using W = typename P::W;
  using A = typename P::A;
  using Product = Arithmetic<W, A>;
  const WindowGeometry geometry{.pad_top = 1, .pad_left = 2, .pad_bottom = 1, .pad_right = 1};
  const Tensor x = Values(1).uniform({2, picture_height, picture_width, picture_channels}, -1, 1);
  const auto scale = A::fit(x.values());
  PaddedPictures<W, A> pictures(geometry, picture_height, picture_width, picture_channels, 2,
                                scale);
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
  CHECK(bases.size() == 2 * (picture_height + 2) * (picture_width + 3));
  std::size_t wrong = 0;
  for (std::size_t b = 0; b < 2; ++b) {
    const Tensor values = read(b);
    for (std::size_t m = 0; m < bases.size() / 2; ++m) {
      const std::size_t row = m / (picture_width + 3) - 1;
      const std::size_t column = m % (picture_width + 3) - 2;
      const bool is_real = row < picture_height && column < picture_width;
      for (std::size_t c = 0; c < picture_channels; ++c) {
        const auto found = pictures.data()[bases[b * bases.size() / 2 + m] + c];
        double value = static_cast<double>(found);
        if constexpr (std::is_same_v<decltype(found), const detail::BFloat16Code>) {
          value = static_cast<double>(A::decode(found, scale));
        }
        value = (value - Product::zero(scale)) * Product::template step<A>(scale);
        const double right =
            is_real
                ? static_cast<double>(values[(row * picture_width + column) * picture_channels + c])
                : 0.0;
        wrong += value - right < 1e-6 && right - value < 1e-6 ? 0U : 1U;
      }
    }
  }
  CHECK(wrong == 0);
}

TEST_CASE("PaddedPictures: floats without padding are read where they are") {
  const Tensor x = Values(2).uniform({1, 3, 4, 2}, -1, 1);
  const WindowGeometry dense{.kernel_height = 2, .stride = {1, 2}};
  const auto reads = [&]<Format A>(const WindowGeometry& geometry, const A&) {
    PaddedPictures<Float32, A> pictures(geometry, 3, 4, 2, 1, {});
    return pictures.read_in_place(x.data()) && pictures.data() == x.data();
  };
  CHECK(reads(dense, Float32{}));
  CHECK_FALSE(reads({.pad_left = 1}, Float32{}));
  CHECK_FALSE(reads({.groups = 2}, Float32{}));
  CHECK_FALSE(reads(dense, BFloat16{}));

  PaddedPictures<Float32, Float32> pictures(dense, 3, 4, 2, 1, {});
  CHECK(pictures.read_in_place(x.data()));
  pictures.write(0, x.row(0), {});
  CHECK(pictures.data() != x.data());
  CHECK(std::equal(x.data(), x.data() + x.size(), pictures.data()));
}
