// SPDX-License-Identifier: BSL-1.0
// expect: upset: -ffast-math and its parts remove NaN or reorder sums
// flags: -ffast-math
#include <upset/format/fixed.hpp>

int main() {}
