// SPDX-License-Identifier: BSL-1.0
#include "make_memories.hpp"

#include <upset/format/bfloat16.hpp>

std::vector<Choice> brain_float_memories() { return make_memories<upset::BFloat16>("bf16"); }
