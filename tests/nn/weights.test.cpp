// SPDX-License-Identifier: BSL-1.0
#include <cmath>
#include <cstdint>
#include <type_traits>
#include <vector>

#include "support/layers.hpp"
#include "support/learned_ternary.hpp"
#include "support/values.hpp"
#include <doctest/doctest.h>

#include <upset/format/formats.hpp>
#include <upset/nn/conv2d.hpp>
#include <upset/nn/dense.hpp>
#include <upset/nn/weights.hpp>

using namespace upset;
using namespace upset::test;

// -- biases lie beside their weights in the same format, but for int8

static_assert(std::is_same_v<BiasFormat<Float32>, Float32>);
static_assert(std::is_same_v<BiasFormat<Mono<8>>, Mono<8>>);
static_assert(std::is_same_v<BiasFormat<Triplicated<BFloat16>>, Triplicated<BFloat16>>);
static_assert(std::is_same_v<BiasFormat<Int8Affine>, Fixed<32, 16>>);
static_assert(std::is_same_v<BiasFormat<ParityGuarded<Int8Affine, std::uint8_t>>,
                             ParityGuarded<Fixed<32, 16>, std::uint32_t>>);
static_assert(std::is_same_v<BiasFormat<ParityGuarded<Int8Affine, std::uint64_t>>,
                             ParityGuarded<Fixed<32, 16>, std::uint64_t>>);
static_assert(std::is_same_v<BiasFormat<Secded<Int8Affine, std::uint8_t>>,
                             Secded<Fixed<32, 16>, std::uint32_t>>);
static_assert(std::is_same_v<BiasFormat<Triplicated<Int8Affine>>, Triplicated<Fixed<32, 16>>>);
static_assert(std::is_same_v<BiasFormat<MsbDuplicated<Int8Affine>>, MsbDuplicated<Fixed<32, 16>>>);
static_assert(std::is_same_v<BiasFormat<RangeGuarded<Int8Affine, EndOutside>>,
                             RangeGuarded<Fixed<32, 16>, EndOutside>>);
static_assert(std::is_same_v<BiasFormat<ParityGuarded<RangeGuarded<Int8Affine>, std::uint8_t>>,
                             ParityGuarded<RangeGuarded<Fixed<32, 16>>, std::uint32_t>>);
static_assert(std::is_same_v<BiasFormat<ParityGuarded<Fixed<8, 6>, std::uint8_t>>,
                             ParityGuarded<Fixed<8, 6>, std::uint8_t>>);

namespace {

/// A guard that is none of the library's.
template <Format T>
struct OwnGuard : MsbDuplicated<T> {};
static_assert(std::is_same_v<BiasFormat<OwnGuard<Int8Affine>>, OwnGuard<Fixed<32, 16>>>);

template <Format F>
Tensor decoded(const Memory<F>& memory, const Shape& shape) {
  Tensor values(shape);
  memory.decode(values.values());
  return values;
}

/// Gradients of `layer` in a training pass, input last.
template <Layer L>
std::vector<Tensor> gradients_of(L layer, const Tensor& x, const Tensor& d_y) {
  std::vector<Tensor> result;
  for (const Parameter& parameter : layer.parameters()) {
    result.emplace_back(parameter.value->shape());
  }
  Tensor d_x(x.shape());
  Tensor* const asked[] = {&d_x};
  const Tensor* const inputs[] = {&x};
  Gradients gradients{result, asked};
  layer.backward(inputs, d_y, d_y, gradients);
  result.push_back(d_x);
  return result;
}

template <class W_, class A_>
struct Pair {
  using W = W_;
  using A = A_;
};

}  // namespace

TEST_CASE("StoredTensor: keeps real values beside what memory holds of them") {
  const Tensor values({4}, {0.3F, -0.26F, 1.9F, 5.0F});
  const StoredTensor<Fixed<8, 6>> stored(values);
  CHECK(stored.values() == values);
  const Tensor rounded({4}, {0.296875F, -0.265625F, 1.90625F, 1.984375F});
  CHECK(stored.quantized() == rounded);
  CHECK(decoded(stored.image(), {4}) == rounded);
}

TEST_CASE("StoredTensor: fits learnable factors when made, then leaves them to training") {
  Values draw(1);
  const Tensor values = draw.uniform({64}, -1, 1);
  StoredTensor<MultiLevelBinary<4>> stored(values);
  const auto fitted = MultiLevelBinary<4>::fit(values.values());
  CHECK(stored.image().scales()[0] == fitted);
  std::vector<Parameter> parameters;
  stored.add_parameters("kernel", parameters);
  REQUIRE(parameters.size() == 2);
  CHECK(parameters.size() == stored.parameter_count());
  CHECK(parameters[0].name == "kernel");
  CHECK(parameters[1].name == "kernel_scale");
  CHECK(parameters[1].value->size() == 4);
  for (float& value : stored.values().values()) {
    value *= 10;
  }
  stored.encode();
  CHECK(stored.image().scales()[0] == fitted);
  (*parameters[1].value)[0] = 4.0F;
  stored.encode();
  CHECK(stored.image().scales()[0].gamma(0) == 4.0F);
  stored.fit();
  stored.encode();
  CHECK(stored.image().scales()[0] == MultiLevelBinary<4>::fit(stored.values().values()));
}

TEST_CASE("StoredTensor: int8 weights are symmetric, with a scale for each part") {
  const StoredTensor<Int8Affine> stored(Tensor({2, 2}, {1, -2, 100, -254}), 2);
  REQUIRE(stored.image().scales().size() == 2);
  CHECK(stored.image().scales()[0] == Int8Affine::fit_symmetric(Tensor({2}, {1, -2}).values()));
  CHECK(stored.image().scales()[1] == AffineScale{2.0F, 0});
  CHECK(stored.parameter_count() == 1);
}

TEST_CASE_TEMPLATE("StoredTensor: one of no values is no parameter and no image", F, Float32,
                   Int8Affine, Mono<8>) {
  StoredTensor<F> stored{Tensor()};
  stored.encode();
  std::vector<Parameter> parameters;
  stored.add_parameters("bias", parameters);
  CHECK(parameters.empty());
  CHECK(stored.parameter_count() == 0);
  std::vector<NamedImage> images;
  stored.add_image("bias", images);
  CHECK(images.empty());
}

TEST_CASE("StoredScale: has the bits of a scale, and learnable factors where there are any") {
  StoredScale<Mono<8>> scale;
  CHECK(scale.image().bit_count() == 8);
  scale.set(GammaScale<1>{{Gamma::from_float(0.25F)}});
  std::vector<Parameter> parameters;
  scale.add_parameters(parameters);
  REQUIRE(parameters.size() == 1);
  CHECK(parameters[0].name == "input_scale");
  CHECK((*parameters[0].value)[0] == 0.25F);
  (*parameters[0].value)[0] = 0.5F;
  CHECK(scale.scale().gamma(0) == 0.25F);
  scale.encode();
  CHECK(scale.scale().gamma(0) == 0.5F);
  scale.image().flip(7);
  CHECK(scale.scale().gamma(0) != 0.5F);
  scale.encode();
  CHECK(scale.scale().gamma(0) == 0.5F);

  StoredScale<Int8Affine> affine;
  affine.set(AffineScale{0.5F, 3});
  parameters.clear();
  affine.add_parameters(parameters);
  CHECK(parameters.empty());
  affine.encode();
  CHECK(affine.scale() == AffineScale{0.5F, 3});
  CHECK(StoredScale<Float32>().image().bit_count() == 0);
}

TEST_CASE_TEMPLATE("layers in a format: gradients are those of the stored values, passed through",
                   P, Pair<BFloat16, BFloat16>, Pair<Fixed<8, 6>, Fixed<8, 6>>,
                   Pair<Mono<8>, Mono<5>>, Pair<Int8Affine, Int8Affine>,
                   Pair<Binary, MultiLevelBinary<4>>, Pair<Triplicated<Mono<5>>, Fixed<8, 6>>) {
  using W = typename P::W;
  using A = typename P::A;
  using B = BiasFormat<W>;
  const WindowGeometry geometry = WindowGeometry::square(3, 1, 1);
  Values draw(2);
  // some values saturate, so that the gates of straight-through gradients matter
  const Tensor kernel = draw.uniform({4, 3, 3, 2}, -2.5F, 2.5F);
  const Tensor bias = draw.uniform({4}, -2.5F, 2.5F);
  const Tensor x = draw.uniform({2, 5, 4, 2}, -2.5F, 2.5F);
  const Tensor d_y = draw.uniform({2, 5, 4, 4}, -1, 1);
  Conv2d<W, A> conv(geometry, kernel, bias);
  conv.set_input_scale(A::fit(x.values()));
  const std::vector<Tensor> d = gradients_of(conv, x, d_y);

  // the same convolution in float, of what memory holds
  const auto& weights = dynamic_cast<const Memory<W>&>(*conv.images()[0].image);
  const auto& biases = dynamic_cast<const Memory<B>&>(*conv.images()[1].image);
  Tensor stored_x(x.shape());
  for (std::size_t i = 0; i < x.size(); ++i) {
    stored_x[i] = A::decode(A::encode(x[i], conv.input_scale()), conv.input_scale());
  }
  const Conv2d<> real(geometry, decoded(weights, kernel.shape()), decoded(biases, {4}));
  const std::vector<Tensor> d_real = gradients_of(real, stored_x, d_y);

  std::size_t wrong = 0;
  std::size_t at = 0;
  const auto compare = [&]<Format F>(std::type_identity<F>, const Tensor& values, const auto& scale,
                                     const Tensor& d_stored, const Tensor& d_values) {
    constexpr auto gammas = static_cast<std::size_t>(F::Scale::gammas);
    std::vector<double> d_gammas(gammas, 0.0);
    for (std::size_t i = 0; i < values.size(); ++i) {
      const float right = straight_through<F>(values[i], scale, d_stored[i], d_gammas);
      wrong += right == d_values[i] ? 0U : 1U;
    }
    return d_gammas;
  };
  const auto compare_gammas = [&](const std::vector<double>& d_gammas) {
    for (std::size_t i = 0; i < d_gammas.size(); ++i) {
      wrong += static_cast<float>(d_gammas[i]) == d[at][i] ? 0U : 1U;
    }
    at += d_gammas.empty() ? 0U : 1U;
  };
  compare_gammas(compare(std::type_identity<W>{}, kernel, weights.scales()[0], d_real[0], d[at++]));
  compare_gammas(compare(std::type_identity<B>{}, bias, biases.scales()[0], d_real[1], d[at++]));
  compare_gammas(compare(std::type_identity<A>{}, x, conv.input_scale(), d_real[2], d.back()));
  CHECK(at == d.size() - 1);
  CHECK(wrong == 0);
}

TEST_CASE(
    "Conv2d, Dense: weights come with their scales, and memory holds the codes they came from") {
  const std::vector<AffineScale> scales{{0.037F, 3}, {0.0021F, -128}, {1.9F, 127}};
  std::vector<std::int8_t> codes;
  Tensor weight({3, 256});
  for (std::size_t i = 0; i < weight.size(); ++i) {
    codes.push_back(static_cast<std::int8_t>(i % 256));
    weight[i] = Int8Affine::decode(static_cast<std::uint8_t>(i % 256), scales[i / 256]);
  }
  const auto check_codes = [&](const MemoryImage& image) {
    std::size_t wrong = 0;
    for (std::uint64_t bit = 0; bit < image.layout().code_bits(); ++bit) {
      const auto code = static_cast<std::uint8_t>(codes[bit / 8]);
      wrong += image.test(bit) == test_bit(code, static_cast<int>(bit % 8)) ? 0U : 1U;
    }
    CHECK(wrong == 0);
    CHECK(image.layout().scales == 3);
  };
  Dense<Int8Affine> dense(weight, Tensor({3}, 1000.3F), scales);
  check_codes(*dense.images()[0].image);
  Conv2d<Int8Affine> conv(WindowGeometry{}, weight.reshaped({3, 1, 1, 256}), Tensor({3}), scales);
  check_codes(*conv.images()[0].image);
  conv.encode();  // scales are not fitted anew
  check_codes(*conv.images()[0].image);
  Tensor bias({3});
  dense.images()[1].image->decode(bias.values());
  CHECK(std::abs(bias[0] - 1000.3F) <=
        0x1p-14F);  // 2^-17 of Fixed<32, 16> and half an ulp of float
  CHECK(error_of([&] {
          Dense<Int8Affine>(weight, Tensor({3}), {AffineScale{}, AffineScale{}});
        }) == "2 scales do not fit 3 output channels; give one, or one per channel");
}

TEST_CASE(
    "layers in a format: factors of inputs learn the same where no gradient of those is asked") {
  using F = LearnedTernary;
  Values draw(3);
  const Tensor x = draw.uniform({4, 6}, -1, 1);
  const Tensor d_y = draw.uniform({4, 3}, -1, 1);
  Dense<Float32, F> dense(draw.uniform({3, 6}, -1, 1), Tensor({3}));
  dense.set_input_scale(F::fit(x.values()));
  const auto d_factor = [&](Tensor* d_x) {
    std::vector<Tensor> result;
    for (const Parameter& parameter : dense.parameters()) {
      result.emplace_back(parameter.value->shape());
    }
    Tensor* const asked[] = {d_x};
    const Tensor* const inputs[] = {&x};
    Gradients gradients{result, asked};
    dense.backward(inputs, d_y, d_y, gradients);
    return result.back()[0];
  };
  Tensor d_x(x.shape());
  CHECK(d_factor(nullptr) == d_factor(&d_x));
}
