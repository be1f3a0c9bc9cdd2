// SPDX-License-Identifier: BSL-1.0
#include "make_memories.hpp"

#include <upset/format/float32.hpp>

std::vector<Choice> float_memories() { return make_memories<upset::Float32>("fp32"); }
