// SPDX-License-Identifier: BSL-1.0
// The same products by other libraries, where they are installed, on one thread.
#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <string>
#include <unordered_map>
#include <vector>

#include "shapes.hpp"

#ifdef UPSET_BENCH_ONEDNN
#include <dnnl.hpp>
#endif
#ifdef UPSET_BENCH_OPENBLAS
#include <cblas.h>
#endif
#ifdef UPSET_BENCH_EIGEN
#include <Eigen/Dense>
#endif

#ifdef UPSET_BENCH_ONEDNN
// Of the OpenMP that oneDNN has brought along, if any.
extern "C" [[gnu::weak]] void omp_set_num_threads(int);
#endif

namespace {

#ifdef UPSET_BENCH_ONEDNN
using Tag = dnnl::memory::format_tag;
using Type = dnnl::memory::data_type;

dnnl::engine& engine() {
  static dnnl::engine cpu(dnnl::engine::kind::cpu, 0);
  return cpu;
}

[[nodiscard]] const char* instruction_set() {
  switch (dnnl::get_effective_cpu_isa()) {
    case dnnl::cpu_isa::sse41:
      return "SSE4.1";
    case dnnl::cpu_isa::avx:
      return "AVX";
    case dnnl::cpu_isa::avx2:
      return "AVX2";
    case dnnl::cpu_isa::avx512_core:
      return "AVX-512";
    case dnnl::cpu_isa::avx512_core_vnni:
      return "AVX-512 VNNI";
    case dnnl::cpu_isa::avx512_core_bf16:
      return "AVX-512 VNNI BF16";
    default:
      return "another one";
  }
}

// Memory of any type, filled by reordering floats into it: weights get the layout that the
// primitive asks for, as ours are packed.
dnnl::memory filled(const dnnl::memory::desc& wanted, const dnnl::memory::dims& dims, Tag tag,
                    dnnl::stream& stream, float factor) {
  std::size_t size = 1;
  for (const auto extent : dims) {
    size *= static_cast<std::size_t>(extent);
  }
  std::vector<float> values = some_values(size);
  for (float& value : values) {
    value = factor == 1 ? value : (value + 1) * factor;
  }
  dnnl::memory source({dims, Type::f32, tag}, engine(), values.data());
  dnnl::memory target(wanted, engine());
  dnnl::reorder(source, target).execute(stream, source, target);
  stream.wait();
  return target;
}

// Scaled: each column by its own factor, and a bias added, as our products do.
enum class Output : std::uint8_t { sums, scaled };

void onednn_gemm(benchmark::State& state, Shape2 shape, Type x_type, Type w_type, Type y_type,
                 Output output) {
  const auto m = static_cast<dnnl::memory::dim>(shape.pixels);
  const auto k = static_cast<dnnl::memory::dim>(shape.depth);
  const auto n = static_cast<dnnl::memory::dim>(shape.channels);
  dnnl::stream stream(engine());
  const dnnl::memory::desc x({m, k}, x_type, Tag::ab);
  const dnnl::memory::desc w({k, n}, w_type, Tag::any);
  const dnnl::memory::desc bias({1, n}, Type::f32, Tag::ab);
  const dnnl::memory::desc y({m, n}, y_type, Tag::ab);
  dnnl::primitive_attr scaled;
  if (output == Output::scaled) {
    scaled.set_output_scales(1 << 1, std::vector<float>(shape.channels, 1.0F / 64));
  }
  const dnnl::matmul::desc wanted =
      output == Output::scaled ? dnnl::matmul::desc(x, w, bias, y) : dnnl::matmul::desc(x, w, y);
  const dnnl::matmul::primitive_desc plan(wanted, scaled, engine());
  const float factor = x_type == Type::u8 ? 100.0F : 1.0F;
  dnnl::memory x_memory = filled(plan.src_desc(), {m, k}, Tag::ab, stream, factor);
  dnnl::memory w_memory = filled(plan.weights_desc(), {k, n}, Tag::ab, stream, factor / 2);
  dnnl::memory bias_memory = filled(bias, {1, n}, Tag::ab, stream, 1);
  dnnl::memory y_memory(plan.dst_desc(), engine());
  const dnnl::matmul product(plan);
  std::unordered_map<int, dnnl::memory> arguments{
      {DNNL_ARG_SRC, x_memory}, {DNNL_ARG_WEIGHTS, w_memory}, {DNNL_ARG_DST, y_memory}};
  if (output == Output::scaled) {
    arguments.emplace(DNNL_ARG_BIAS, bias_memory);
  }
  for (auto _ : state) {
    product.execute(stream, arguments);
    stream.wait();
  }
  count_products(state, shape.products());
}

// Of floats: rounded to bytes, convolved and scaled to floats again, as our layers do.
enum class Input : std::uint8_t { as_it_is, floats };

void onednn_conv(benchmark::State& state, ConvShape shape, Type x_type, Type w_type, Type y_type,
                 Input input) {
  const auto c = static_cast<dnnl::memory::dim>(shape.channels);
  const auto s = static_cast<dnnl::memory::dim>(shape.size);
  dnnl::stream stream(engine());
  const dnnl::memory::desc x({1, c, s, s}, x_type, Tag::nhwc);
  const dnnl::memory::desc w({c, c, 3, 3}, w_type, Tag::any);
  const dnnl::memory::desc y({1, c, s, s}, y_type, Tag::nhwc);
  dnnl::primitive_attr scaled;
  if (input == Input::floats) {
    scaled.set_output_scales(0, {1.0F / 64});
  }
  const dnnl::convolution_forward::primitive_desc plan({dnnl::prop_kind::forward_inference,
                                                        dnnl::algorithm::convolution_direct,
                                                        x,
                                                        w,
                                                        y,
                                                        {1, 1},
                                                        {1, 1},
                                                        {1, 1}},
                                                       scaled, engine());
  const float factor = x_type == Type::u8 ? 100.0F : 1.0F;
  dnnl::memory x_memory = filled(plan.src_desc(), {1, c, s, s}, Tag::nhwc, stream, factor);
  dnnl::memory w_memory = filled(plan.weights_desc(), {c, c, 3, 3}, Tag::oihw, stream, factor / 2);
  dnnl::memory y_memory(plan.dst_desc(), engine());
  const dnnl::convolution_forward conv(plan);
  const std::unordered_map<int, dnnl::memory> arguments{
      {DNNL_ARG_SRC, x_memory}, {DNNL_ARG_WEIGHTS, w_memory}, {DNNL_ARG_DST, y_memory}};
  dnnl::memory floats =
      filled({{1, c, s, s}, Type::f32, Tag::nhwc}, {1, c, s, s}, Tag::nhwc, stream, factor);
  const dnnl::reorder rounding(floats, x_memory);
  for (auto _ : state) {
    if (input == Input::floats) {
      rounding.execute(stream, floats, x_memory);
    }
    conv.execute(stream, arguments);
    stream.wait();
  }
  count_products(state, shape.products());
}
#endif

#ifdef UPSET_BENCH_OPENBLAS
void openblas_gemm(benchmark::State& state, Shape2 shape) {
  const std::vector<float> x = some_values(shape.pixels * shape.depth);
  const std::vector<float> w = some_values(shape.depth * shape.channels);
  std::vector<float> y(shape.pixels * shape.channels);
  const auto m = static_cast<int>(shape.pixels);
  const auto k = static_cast<int>(shape.depth);
  const auto n = static_cast<int>(shape.channels);
  for (auto _ : state) {
    cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, m, n, k, 1.0F, x.data(), k, w.data(), n,
                0.0F, y.data(), n);
    benchmark::DoNotOptimize(y.data());
  }
  count_products(state, shape.products());
}
#endif

#ifdef UPSET_BENCH_EIGEN
void eigen_gemm(benchmark::State& state, Shape2 shape) {
  using Matrix = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
  const std::vector<float> x = some_values(shape.pixels * shape.depth);
  const std::vector<float> w = some_values(shape.depth * shape.channels);
  const auto m = static_cast<Eigen::Index>(shape.pixels);
  const auto k = static_cast<Eigen::Index>(shape.depth);
  const auto n = static_cast<Eigen::Index>(shape.channels);
  const Eigen::Map<const Matrix> left(x.data(), m, k);
  const Eigen::Map<const Matrix> right(w.data(), k, n);
  Matrix y(m, n);
  for (auto _ : state) {
    y.noalias() = left * right;
    benchmark::DoNotOptimize(y.data());
  }
  count_products(state, shape.products());
}
#endif

template <class Function, class... Arguments>
void add_gemm(const std::string& name, Function function, Arguments... arguments) {
  for (const Shape2 shape : gemm_shapes) {
    benchmark::RegisterBenchmark(("gemm/" + name + "/" + shape.name()).c_str(), function, shape,
                                 arguments...);
  }
}

#ifdef UPSET_BENCH_ONEDNN
template <class Function, class... Arguments>
void add_conv(const std::string& name, Function function, Arguments... arguments) {
  for (const ConvShape shape : conv_shapes) {
    benchmark::RegisterBenchmark(("conv3x3/" + name + "/" + shape.name()).c_str(), function, shape,
                                 arguments...);
  }
}
#endif

[[maybe_unused]] const bool registered = [] {
#ifdef UPSET_BENCH_ONEDNN
  if (omp_set_num_threads != nullptr) {
    omp_set_num_threads(1);  // what other threads did would not be counted
  }
  std::cerr << "oneDNN: " << instruction_set() << '\n';
  add_gemm("oneDNN_f32", onednn_gemm, Type::f32, Type::f32, Type::f32, Output::sums);
  add_gemm("oneDNN_bf16", onednn_gemm, Type::bf16, Type::bf16, Type::f32, Output::sums);
  add_gemm("oneDNN_u8s8", onednn_gemm, Type::u8, Type::s8, Type::s32, Output::sums);
  add_gemm("oneDNN_u8s8_to_floats", onednn_gemm, Type::u8, Type::s8, Type::f32, Output::scaled);
  add_conv("oneDNN_f32", onednn_conv, Type::f32, Type::f32, Type::f32, Input::as_it_is);
  add_conv("oneDNN_bf16", onednn_conv, Type::bf16, Type::bf16, Type::f32, Input::as_it_is);
  add_conv("oneDNN_u8s8", onednn_conv, Type::u8, Type::s8, Type::u8, Input::as_it_is);
  add_conv("oneDNN_u8s8_of_floats", onednn_conv, Type::u8, Type::s8, Type::f32, Input::floats);
#endif
#ifdef UPSET_BENCH_OPENBLAS
  openblas_set_num_threads(1);
  std::cerr << "OpenBLAS core: " << openblas_get_corename() << '\n';
  for (const char* name : {"OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE"}) {
    if (std::getenv(name) != nullptr) {
      std::cerr << name << " is set, and OpenBLAS may be slower for it: unset it\n";
    }
  }
  add_gemm("OpenBLAS_f32", openblas_gemm);
#endif
#ifdef UPSET_BENCH_EIGEN
  std::cerr << "Eigen: " << Eigen::SimdInstructionSetsInUse() << '\n';
  add_gemm("Eigen_f32", eigen_gemm);
#endif
  return true;
}();

}  // namespace
