// SPDX-License-Identifier: BSL-1.0
#include "common/command_line.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>

#include <upset/campaign/plan.hpp>
#include <upset/core/error.hpp>
#include <upset/fault/element_index.hpp>

using namespace upset;

std::string whole_number(const std::string& text) {
  return detail::whole_number(text) ? ""
                                    : "'" + text + "' is not a whole number from 0 to 2^64 - 1";
}

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) {
    text += (text.empty() ? "" : ", ") + word;
  }
  return text;
}

Normalisation normalisation_in(const std::string& text) {
  const std::size_t slash = text.find('/');
  Normalisation result;
  if (slash != std::string::npos) {
    result.mean = detail::list_in<float>("--normalise", text.substr(0, slash));
    result.deviation = detail::list_in<float>("--normalise", text.substr(slash + 1));
  }
  const bool is_usable =
      std::ranges::all_of(result.mean, [](float x) { return std::isfinite(x); }) &&
      std::ranges::all_of(result.deviation,
                          [](float x) { return std::isnormal(x) && x > 0 && x < 1e6F; });
  if (slash == std::string::npos || result.mean.empty() || result.deviation.empty() || !is_usable) {
    throw Error("--normalise: '" + text +
                "' is no normalisation; write means/deviations of pixels scaled to 0..1, as "
                "0.485,0.456,0.406/0.229,0.224,0.225");
  }
  return result;
}
