// SPDX-License-Identifier: BSL-1.0
/// What is published of an architecture, counted in ours.
#pragma once

#include <string_view>

#include <upset/metric/work.hpp>
#include <upset/nn/network.hpp>

namespace upset::test {

/// The shape at the node called `name`; [] where there is none.
[[nodiscard]] inline Shape shape_at(const Network& net, std::string_view name) {
  for (const Network::Node& node : net.nodes()) {
    if (node.name == name) {
      return node.shape;
    }
  }
  return {};
}

}  // namespace upset::test
