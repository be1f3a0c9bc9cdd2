// SPDX-License-Identifier: BSL-1.0
// Where weights and activations are sums of signs, a layer counts bits: exactly, in every geometry,
// and of the codes that faults left in memory.
#include <cstddef>
#include <cstdint>
#include <vector>

#include "support/format_pair.hpp"
#include "support/layers.hpp"
#include "support/naive_conv.hpp"
#include "support/values.hpp"
#include <doctest/doctest.h>

#include <upset/format/formats.hpp>
#include <upset/guard/guards.hpp>
#include <upset/nn/conv2d.hpp>
#include <upset/nn/dense.hpp>

using namespace upset;
using namespace upset::test;

namespace {

// Factors of which all sums here are exact in float, in whatever order.
template <class Scale>
Scale exact_scale() {
  const std::vector<float> gammas{1.0F, 0.5F, 0.25F, 0.125F};
  return Scale::from_gammas(std::span(gammas).first(Scale::gammas));
}

// Tensor `shape` of random numbers of which the mean magnitudes of residuals, which become the
// factors of weights, are those of `exact_scale`.
template <class Scale>
Tensor random_signs(const Shape& shape, Values& draw) {
  Tensor result(shape);
  for (float& value : result.values()) {
    value = 0;
    for (int plane = 0; plane < Scale::gammas; ++plane) {
      value += draw.below(2) == 0 ? exact_scale<Scale>().gamma(plane)
                                  : -exact_scale<Scale>().gamma(plane);
    }
  }
  return result;
}

template <Format W, Format A>
using SignConv = Conv2d<W, A, Fixed<32, 16>>;

// Outputs of `conv` that are not the definition applied to what memory holds; `flips` bits of every
// picture are flipped.
template <Format W, Format A>
std::size_t wrong_outputs(SignConv<W, A>& conv, const Tensor& x, std::size_t flips) {
  Tensor stored(x.shape());
  Values draw(7);
  const ActivationHook hook = [&](std::size_t, std::uint64_t picture, MemoryImage& memory) {
    for (std::size_t i = 0; i < flips; ++i) {
      memory.flip(draw.below(memory.layout().code_bits()));
    }
    memory.decode(stored.row(picture));
  };
  Pass hooked;
  hooked.hook = &hook;
  const Tensor y = forward(conv, x, hooked);
  Tensor kernel(conv.kernel().shape());
  conv.images()[0].image->decode(kernel.values());
  const NaiveConv right = naive_conv(stored, kernel, conv.bias(), conv.geometry());
  std::size_t wrong = y.shape() == right.shape ? 0 : 1;
  for (std::size_t i = 0; i < y.size(); ++i) {
    wrong += static_cast<double>(y[i]) == right.values[i] ? 0U : 1U;
  }
  // without a hook, memory is skipped where it can be
  return wrong + (flips == 0 ? different_bits(forward(conv, x), y) : 0);
}

}  // namespace

TEST_CASE_TEMPLATE(
    "bit products: are the definition for random windows, flips and all", P,
    FormatPair<Binary, Binary>, FormatPair<Binary, MultiLevelBinary<3>>,
    FormatPair<MultiLevelBinary<2>, Binary>, FormatPair<MultiLevelBinary<2>, MultiLevelBinary<2>>,
    FormatPair<Triplicated<MultiLevelBinary<2>>, ParityGuarded<Binary, std::uint64_t>>) {
  using W = typename P::W;
  using A = typename P::A;
  Values draw(3);
  std::size_t wrong = 0;
  std::size_t padded = 0;
  for (int trial = 0; trial < 15; ++trial) {
    const std::size_t groups = 1 + draw.below(3);
    const std::size_t channels = draw.below(2) == 0 ? 1 + draw.below(6) : 30 + draw.below(40);
    const std::size_t outputs = 1 + draw.below(19);
    const WindowGeometry geometry{.kernel_height = 1 + draw.below(4),
                                  .kernel_width = 1 + draw.below(4),
                                  .stride = {1 + draw.below(3), 1 + draw.below(3)},
                                  .pad_top = draw.below(3),
                                  .pad_left = draw.below(3),
                                  .pad_bottom = draw.below(3),
                                  .pad_right = draw.below(3),
                                  .dilation = {1 + draw.below(2), 1 + draw.below(2)},
                                  .groups = groups,
                                  .input_dilation = {1 + draw.below(2), 1 + draw.below(2)}};
    padded += geometry.reads_no_padding() ? 0U : 1U;
    SignConv<W, A> conv(
        geometry,
        random_signs<typename W::Scale>(
            {groups * outputs, geometry.kernel_height, geometry.kernel_width, channels}, draw),
        draw.steps({groups * outputs}, 100, 0.25F),
        trial % 2 == 0 ? Granularity::per_tensor : Granularity::per_channel);
    conv.set_input_scale(exact_scale<typename A::Scale>());
    const Tensor x =
        draw.uniform({3, 7 + draw.below(4), 7 + draw.below(4), groups * channels}, -2, 2);
    wrong += wrong_outputs<W, A>(conv, x, 0);
    wrong += wrong_outputs<W, A>(conv, x, 5);
    MemoryImage& kernel = *conv.images()[0].image;
    for (int i = 0; i < 7; ++i) {
      kernel.flip(draw.below(kernel.layout().code_bits()));
    }
    conv.refresh();
    wrong += wrong_outputs<W, A>(conv, x, 0);
    kernel.flip(kernel.bit_count() - 2);  // of a scale
    conv.refresh();
    wrong += wrong_outputs<W, A>(conv, x, 1);
  }
  CHECK(wrong == 0);
  CHECK(padded > 10);
}

TEST_CASE("bit products: depthwise and dense layers, pictures of one pixel and blocks of many") {
  using F = MultiLevelBinary<2>;
  Values draw(5);
  std::size_t wrong = 0;
  for (const std::size_t channels : {1U, 3U, 32U, 70U}) {
    SignConv<F, F> depthwise({.kernel_height = 3,
                              .kernel_width = 3,
                              .pad_top = 1,
                              .pad_left = 1,
                              .pad_bottom = 1,
                              .pad_right = 1,
                              .groups = channels},
                             random_signs<F::Scale>({channels, 3, 3, 1}, draw), Tensor({channels}));
    depthwise.set_input_scale(exact_scale<F::Scale>());
    wrong += wrong_outputs<F, F>(depthwise, draw.uniform({2, 4, 5, channels}, -2, 2), 3);
    SignConv<F, F> dense({}, random_signs<F::Scale>({9, 1, 1, channels}, draw), Tensor({9}));
    dense.set_input_scale(exact_scale<F::Scale>());
    wrong += wrong_outputs<F, F>(dense, draw.uniform({203, 1, 1, channels}, -2, 2), 1);
  }
  CHECK(wrong == 0);
}

TEST_CASE("bit products: a result does not depend on the batch around it") {
  using F = MultiLevelBinary<2>;
  Values draw(6);
  // factors of which sums round
  Conv2d<F> conv(WindowGeometry::square(3, 1, 1), draw.uniform({20, 3, 3, 45}, -1, 1),
                 draw.uniform({20}, -1, 1));
  const Tensor x = draw.uniform({5, 5, 3, 45}, -1, 1);
  const Tensor* const inputs[] = {&x};
  conv.calibrate(inputs);
  const Tensor all = forward(conv, x);
  std::size_t wrong = 0;
  for (std::size_t b = 0; b < x.batch(); ++b) {
    wrong += different_bits(forward(conv, picture(x, b)), picture(all, b));
  }
  CHECK(wrong == 0);
}
