// SPDX-License-Identifier: BSL-1.0
#include "common/make_choice.hpp"

#include <upset/format/float32.hpp>

using namespace upset;

std::vector<Choice> float_choices() { return make_guarded_choices<Float32>("Float32"); }
