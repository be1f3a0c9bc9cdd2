// SPDX-License-Identifier: BSL-1.0
#include "make_guards.hpp"

#include <upset/format/float32.hpp>

std::vector<Guard> float_guards() { return make_guards<upset::Float32>(); }
