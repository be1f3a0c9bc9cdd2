// SPDX-License-Identifier: BSL-1.0
// What the processor does at most: independent instructions on registers.
#include <cstddef>
#include <utility>

#include "shapes.hpp"

namespace {

#if defined(__AVX512F__)

using Vector __attribute__((vector_size(64))) = float;

// `step(sum, x, w)` adds `products` products to each of as many sums as hide its latency.
template <class Step, std::size_t... I>
void limit(benchmark::State& state, double products, Step step, std::index_sequence<I...>) {
  constexpr int rounds = 1000;
  Vector sums[sizeof...(I)] = {};
  Vector x{};
  Vector w{};
  asm volatile("" : "+v"(x), "+v"(w));  // benchmark::DoNotOptimize would keep them in memory
  for (auto _ : state) {
    for (int round = 0; round < rounds; ++round) {
      (step(sums[I], x, w), ...);
    }
  }
  Vector total = (sums[I] + ...);
  benchmark::DoNotOptimize(total);
  count_products(state, products * sizeof...(I) * rounds);
}

template <class Step>
void add_limit(const char* name, double products, Step step) {
  benchmark::RegisterBenchmark(name, [=](benchmark::State& state) {
    limit(state, products, step, std::make_index_sequence<12>());
  });
}

[[maybe_unused]] const bool registered = [] {
  add_limit("limit/VFMADD231PS", 16, [](Vector& sum, const Vector& x, const Vector& w) {
    asm volatile("vfmadd231ps %2, %1, %0" : "+v"(sum) : "v"(x), "v"(w));
  });
  add_limit("limit/VFMADD231PS_broadcast", 16, [](Vector& sum, const Vector& x, const Vector& w) {
    asm volatile("vfmadd231ps %2%{1to16%}, %1, %0" : "+v"(sum) : "v"(x), "m"(w));
  });
#if defined(__AVX512VNNI__)
  add_limit("limit/VPDPBUSD", 64, [](Vector& sum, const Vector& x, const Vector& w) {
    asm volatile("vpdpbusd %2, %1, %0" : "+v"(sum) : "v"(x), "v"(w));
  });
  add_limit("limit/VPDPWSSD", 32, [](Vector& sum, const Vector& x, const Vector& w) {
    asm volatile("vpdpwssd %2, %1, %0" : "+v"(sum) : "v"(x), "v"(w));
  });
#endif
#if defined(__AVX512BF16__)
  add_limit("limit/VDPBF16PS", 32, [](Vector& sum, const Vector& x, const Vector& w) {
    asm volatile("vdpbf16ps %2, %1, %0" : "+v"(sum) : "v"(x), "v"(w));
  });
#endif
#if defined(__AVX512VPOPCNTDQ__)
  add_limit("limit/VPXORD_VPOPCNTD_VPADDD", 512, [](Vector& sum, const Vector& x, const Vector& w) {
    Vector bits;
    asm volatile("vpxord %3, %2, %1\n\tvpopcntd %1, %1\n\tvpaddd %1, %0, %0"
                 : "+v"(sum), "=&v"(bits)
                 : "v"(x), "v"(w));
  });
#endif
  return true;
}();

#endif

}  // namespace
