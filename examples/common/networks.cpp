// SPDX-License-Identifier: BSL-1.0
#include "common/networks.hpp"

#include <functional>
#include <map>

#include "common/command_line.hpp"

#include <upset/core/error.hpp>
#include <upset/nn/model/lenet5.hpp>
#include <upset/nn/model/resnet_cifar.hpp>

using namespace upset;

namespace {

using Architecture = std::function<Network(const Shape&, std::size_t)>;

Architecture resnet_of(std::size_t depth) {
  return [depth](const Shape& picture, std::size_t classes) {
    return resnet_cifar(depth, picture, classes);
  };
}

const std::map<std::string, Architecture>& architectures() {
  static const std::map<std::string, Architecture> all{
      {"lenet5",
       [](const Shape& picture, std::size_t classes) { return lenet5(picture, classes); }},
      {"resnet20", resnet_of(20)},
      {"resnet32", resnet_of(32)},
      {"resnet44", resnet_of(44)},
      {"resnet56", resnet_of(56)},
  };
  return all;
}

}  // namespace

const std::vector<std::string>& network_names() {
  static const std::vector<std::string> names = [] {
    std::vector<std::string> all;
    for (const auto& [name, architecture] : architectures()) {
      all.push_back(name);
    }
    return all;
  }();
  return names;
}

Network make_network(const std::string& name, const Shape& picture, std::size_t classes) {
  const auto found = architectures().find(name);
  if (found == architectures().end()) {
    throw Error("--network: there is no " + name + "; choose from " + joined(network_names()));
  }
  return found->second(picture, classes);
}
