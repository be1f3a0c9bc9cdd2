// SPDX-License-Identifier: BSL-1.0
/// The one exception type, for what comes from outside: files, options, shapes.
#pragma once

#include <stdexcept>

namespace upset {

/// Bad data from outside. `what()` is one sentence: what, where, and what to do about it.
class Error : public std::runtime_error {
  using std::runtime_error::runtime_error;
};

}  // namespace upset
