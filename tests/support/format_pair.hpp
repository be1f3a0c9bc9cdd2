// SPDX-License-Identifier: BSL-1.0
/// Two formats that are multiplied, as one type of a templated test.
#pragma once

namespace upset::test {

template <class W_, class A_>
struct FormatPair {
  using W = W_;
  using A = A_;
};

}  // namespace upset::test

/// One pair for each arithmetic of products, of formats that a test includes.
#define UPSET_PRODUCT_PAIRS                                                                   \
  ::upset::test::FormatPair<Float32, Float32>, ::upset::test::FormatPair<BFloat16, BFloat16>, \
      ::upset::test::FormatPair<Int8Affine, Int8Affine>,                                      \
      ::upset::test::FormatPair<Fixed<16, 12>, Fixed<16, 8>>,                                 \
      ::upset::test::FormatPair<Fixed<24, 12>, Fixed<24, 8>>,                                 \
      ::upset::test::FormatPair<Fixed<32, 16>, Fixed<32, 16>>,                                \
      ::upset::test::FormatPair<Mono<8>, Int8Affine>
