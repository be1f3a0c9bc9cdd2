// SPDX-License-Identifier: BSL-1.0
// expect: MultiLevelBinary<M>: M must be in 1[.][.]8 planes
#include <upset/format/multi_level_binary.hpp>

#ifdef UPSET_VALID
constexpr upset::MultiLevelBinary<8> x{};
#else
constexpr upset::MultiLevelBinary<9> x{};
#endif

int main() { return static_cast<int>(x.bits()); }
