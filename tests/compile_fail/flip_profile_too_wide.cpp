// SPDX-License-Identifier: BSL-1.0
// expect: flip_profile<F>[(][)]: F has more than 2\^16 codes; sample codes at run time instead
#include <upset/format/bit_access.hpp>
#include <upset/format/fixed.hpp>

#ifdef UPSET_VALID
constexpr auto profile = upset::flip_profile<upset::Fixed<8, 4>>();
#else
constexpr auto profile = upset::flip_profile<upset::Fixed<17, 4>>();
#endif

int main() { return profile[0].unbounded == 0 ? 0 : 1; }
