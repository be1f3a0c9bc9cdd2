// SPDX-License-Identifier: BSL-1.0
// expect: requires +Format<F> class upset::Memory|'int' does not satisfy 'Format'
#include <upset/format/fixed.hpp>
#include <upset/tensor/memory.hpp>

#ifdef UPSET_VALID
using Image = upset::Memory<upset::Fixed<8, 4>>;
#else
using Image = upset::Memory<int>;
#endif

int main() { return sizeof(Image) > 0 ? 0 : 1; }
