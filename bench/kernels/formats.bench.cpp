// SPDX-License-Identifier: BSL-1.0
// Products, codecs and guards of every format.
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <type_traits>
#include <vector>

#include "shapes.hpp"

#include <upset/format/formats.hpp>
#include <upset/guard/guards.hpp>
#include <upset/nn/conv2d.hpp>

using namespace upset;

namespace {

template <Format F>
[[nodiscard]] std::string name_of() {
  static constexpr Name name = F::name();
  return std::string(std::string_view(name));
}

// The scale of weights as layers fit it: integers symmetric.
template <Format W>
[[nodiscard]] typename W::Scale weight_scale(std::span<const float> weights) {
  if constexpr (requires { W::fit_symmetric(weights); }) {
    return W::fit_symmetric(weights);
  } else {
    return W::fit(weights);
  }
}

// Rows lie one behind the other, as pictures of one pixel; they and the weights are packed
// beforehand, as in a layer.
template <Format W, Format A>
void gemm(benchmark::State& state, Shape2 shape) {
  using Operands = detail::ConvOperand<W, A>;
  std::vector<float> weights = some_values(shape.channels * shape.depth);
  for (float& weight : weights) {  // as a layer is initialised: it bounds sums of 16-bit levels
    weight *= std::sqrt(6.0F / static_cast<float>(shape.depth));
  }
  const std::vector<float> inputs = some_values(shape.pixels * shape.depth);
  const auto scale = A::fit(inputs);
  const Memory<W> kernel(weights, {weight_scale<W>(weights)});
  typename Operands::Weights operand(1, shape.channels, 1, shape.depth);
  operand.build(kernel);
  operand.set_scales(kernel, scale, std::vector<float>(shape.channels));
  typename Operands::Pictures x(WindowGeometry{}, 1, 1, shape.depth, shape.pixels, scale);
  for (std::size_t m = 0; m < shape.pixels; ++m) {
    x.write(m, std::span(inputs).subspan(m * shape.depth, shape.depth), scale);
  }
  AlignedVector<float> y(shape.pixels * shape.channels);  // as a layer's output
  for (auto _ : state) {
    operand.multiply(x, shape.pixels, y.data());
    benchmark::DoNotOptimize(y.data());
    benchmark::ClobberMemory();
  }
  count_products(state, shape.products());
}

// A layer from float to float: encoding its input, padding, bias and scale included.
template <Format W, Format A>
void conv3x3(benchmark::State& state, ConvShape shape) {
  const Tensor kernel({shape.channels, 3, 3, shape.channels},
                      some_values(9 * shape.channels * shape.channels));
  const Tensor x({1, shape.size, shape.size, shape.channels},
                 some_values(shape.size * shape.size * shape.channels));
  Conv2d<W, A> conv(WindowGeometry::square(3, 1, 1), kernel, Tensor({shape.channels}));
  const Tensor* const only = &x;
  conv.calibrate({&only, 1});
  for (auto _ : state) {
    benchmark::DoNotOptimize(conv.forward({&only, 1}, Pass{}));
  }
  count_products(state, shape.products());
}

// The same from activations as memory holds them, to floats: what a peer does that goes from bytes.
template <Format W, Format A>
void conv3x3_of_levels(benchmark::State& state, ConvShape shape) {
  using Operands = detail::ConvOperand<W, A>;
  const std::vector<float> weights = some_values(9 * shape.channels * shape.channels);
  const std::vector<float> inputs = some_values(shape.size * shape.size * shape.channels);
  const auto geometry = WindowGeometry::square(3, 1, 1);
  const auto scale = A::fit(inputs);
  const Memory<W> kernel(weights, {weight_scale<W>(weights)});
  typename Operands::Weights operand(1, shape.channels, 3, 3 * shape.channels, 3);
  operand.build(kernel);
  operand.set_scales(kernel, scale, std::vector<float>(shape.channels));
  typename Operands::Pictures x(geometry, shape.size, shape.size, shape.channels, 1, scale);
  x.write(0, inputs, scale);
  AlignedVector<float> y(inputs.size());
  for (auto _ : state) {
    operand.multiply(x, 1, y.data());
    benchmark::DoNotOptimize(y.data());
    benchmark::ClobberMemory();
  }
  count_products(state, shape.products());
}

template <Format F>
void add_products_of_levels() {
  for (const ConvShape shape : conv_shapes) {
    const std::string name = "conv3x3_of_levels/" + name_of<F>() + "/" + shape.name();
    benchmark::RegisterBenchmark(name.c_str(), conv3x3_of_levels<F, F>, shape);
  }
}

template <Format W, Format A = W>
void add_products(const std::string& name) {
  for (const Shape2 shape : gemm_shapes) {
    benchmark::RegisterBenchmark(("gemm/" + name + "/" + shape.name()).c_str(), gemm<W, A>, shape);
  }
  benchmark::RegisterBenchmark(("dot/" + name + "/4096").c_str(), gemm<W, A>, Shape2{1, 4096, 1});
  for (const ConvShape shape : conv_shapes) {
    benchmark::RegisterBenchmark(("conv3x3/" + name + "/" + shape.name()).c_str(), conv3x3<W, A>,
                                 shape);
  }
}

constexpr std::size_t elements = 65536;

template <Format F>
void encode(benchmark::State& state) {
  const std::vector<float> values = some_values(elements);
  Memory<F> memory(values, {F::fit(values)});
  for (auto _ : state) {
    memory.encode(values);
    benchmark::DoNotOptimize(memory.words().data());
    benchmark::ClobberMemory();
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(elements));
}

template <Format F>
void decode(benchmark::State& state) {
  std::vector<float> values = some_values(elements);
  const Memory<F> memory(values, {F::fit(values)});
  for (auto _ : state) {
    memory.decode(values);
    benchmark::DoNotOptimize(values.data());
    benchmark::ClobberMemory();
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(elements));
}

template <Format F>
void add_codec(const char* reading) {
  benchmark::RegisterBenchmark(("encode/" + name_of<F>()).c_str(), encode<F>);
  benchmark::RegisterBenchmark((reading + ("/" + name_of<F>())).c_str(), decode<F>);
}

// Parity over a weight, 64 and 256 bits.
template <Format T>
void add_parity() {
  add_codec<ParityGuarded<T, Unsigned<T::width>>>("guard_check");
  add_codec<ParityGuarded<T, std::uint64_t>>("guard_check");
  add_codec<ParityGuarded<T, WideWord<256>>>("guard_check");
}

const bool registered = [] {
  add_products<Float32>("Float32");
  add_products<BFloat16>("BFloat16");
  add_products<Int8Affine>("Int8Affine");
  add_products<Fixed<8, 4>>("Fixed<8,4>");
  add_products<Fixed<16, 8>>("Fixed<16,8>");
  add_products<Mono<8>>("Mono<8>");
  add_products<Mono<5>>("Mono<5>");
  add_products<Binary>("Binary");
  add_products<MultiLevelBinary<2>, Binary>("MultiLevelBinary<2>xBinary");
  add_products<MultiLevelBinary<2>>("MultiLevelBinary<2>");
  add_products_of_levels<Int8Affine>();
  add_products_of_levels<Fixed<8, 4>>();
  add_products_of_levels<Mono<8>>();
  add_products_of_levels<Mono<5>>();
  add_codec<Float32>("decode");
  add_codec<BFloat16>("decode");
  add_codec<Float16>("decode");
  add_codec<Int8Affine>("decode");
  add_codec<Fixed<8, 4>>("decode");
  add_codec<Fixed<16, 8>>("decode");
  add_codec<Mono<8>>("decode");
  add_codec<Binary>("decode");
  add_codec<MultiLevelBinary<2>>("decode");
  add_parity<Float32>();
  add_parity<BFloat16>();
  add_parity<Int8Affine>();
  add_codec<ParityGuarded<Fixed<8, 4>, std::uint64_t>>("guard_check");
  add_codec<RangeGuarded<Float32>>("guard_check");
  add_codec<RangeGuarded<Int8Affine>>("guard_check");
  add_codec<Triplicated<Fixed<8, 4>>>("guard_check");
  add_codec<MsbDuplicated<Fixed<8, 4>>>("guard_check");
  add_codec<Secded<Fixed<8, 4>, std::uint64_t>>("guard_check");
  return true;
}();

}  // namespace
