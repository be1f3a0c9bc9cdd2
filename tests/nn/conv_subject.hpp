// SPDX-License-Identifier: BSL-1.0
/// A convolution in some formats, as the laws of layers see it: without its type.
#pragma once

#include <functional>
#include <string>
#include <tuple>
#include <vector>

#include "support/values.hpp"

#include <upset/nn/any_layer.hpp>
#include <upset/nn/conv2d.hpp>

namespace upset::test {

/// A convolution, and what its definition needs.
struct ConvSubject {
  std::string name;
  AnyLayer layer;
  Tensor x;
  WindowGeometry geometry;
  Shape kernel;
  bool plain = false;  ///< activations have no guard
  /// x as the layer reads it from memory that holds no fault
  std::function<Tensor(const AnyLayer&, const Tensor&)> stored_input;
};

template <Format W, Format A>
ConvSubject conv_subject() {
  const WindowGeometry geometry{.kernel_height = 3,
                                .kernel_width = 2,
                                .stride = {1, 2},
                                .pad_top = 1,
                                .pad_left = 1,
                                .groups = 2};
  Values draw(1);
  const Shape kernel{6, 3, 2, 3};
  using Layer = Conv2d<W, A>;
  const Tensor x = draw.uniform({3, 5, 4, 6}, -0.9F, 0.9F);
  Layer conv(geometry, draw.uniform(kernel, -0.9F, 0.9F), draw.uniform({6}, -0.9F, 0.9F));
  const Tensor* const inputs[] = {&x};
  // the default factors of several planes encode each of their sums as itself, fitted ones do not
  if constexpr (A::Scale::gammas < 2) {
    conv.calibrate(inputs);
  }
  return {std::string("Conv2d<") + std::string(W::name().view()) + ", " +
              std::string(A::name().view()) + ">",
          conv,
          x,
          geometry,
          kernel,
          is_plain<A>,
          [](const AnyLayer& layer, const Tensor& values) {
            Tensor stored(values.shape());
            for (std::size_t b = 0; b < values.batch(); ++b) {
              Memory<A> memory(values.row(b), {layer.target<Layer>()->input_scale()});
              memory.decode(stored.row(b));
            }
            return stored;
          }};
}

template <class... Formats>
void add_same(std::vector<ConvSubject>& all, std::tuple<Formats...>*) {
  (all.push_back(conv_subject<Formats, Formats>()), ...);
}

/// Those with a guard; in a file of their own, since they take long to compile.
[[nodiscard]] std::vector<ConvSubject> guarded_convolutions();
[[nodiscard]] std::vector<ConvSubject> parity_convolutions();

}  // namespace upset::test
