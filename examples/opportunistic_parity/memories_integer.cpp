// SPDX-License-Identifier: BSL-1.0
#include "make_memories.hpp"

#include <upset/format/int8_affine.hpp>

std::vector<Choice> integer_memories() { return make_memories<upset::Int8Affine>("int8"); }
