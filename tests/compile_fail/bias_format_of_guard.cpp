// SPDX-License-Identifier: BSL-1.0
// expect: BiasFormat<W>: W stores Int8Affine, whose biases have 32 bits
#include <upset/nn/dense.hpp>

struct OneGuard : upset::Triplicated<upset::Int8Affine> {};

#ifdef UPSET_VALID
using Layer = upset::Dense<OneGuard, upset::Int8Affine, upset::Fixed<32, 16>>;
#else
using Layer = upset::Dense<OneGuard, upset::Int8Affine>;
#endif

int main() { return Layer{upset::Tensor({1, 1}), upset::Tensor({1})}.bias().size() == 1 ? 0 : 1; }
