// SPDX-License-Identifier: BSL-1.0
#include "common/networks.hpp"

#include <functional>
#include <map>

#include "common/command_line.hpp"
#include "common/network_file.hpp"

#include <upset/core/error.hpp>
#include <upset/nn/model/alexnet_cifar.hpp>
#include <upset/nn/model/caffe_lenet.hpp>
#include <upset/nn/model/lenet5.hpp>
#include <upset/nn/model/mobilenet_v1.hpp>
#include <upset/nn/model/mobilenet_v2.hpp>
#include <upset/nn/model/nin_cifar.hpp>
#include <upset/nn/model/resnet.hpp>
#include <upset/nn/model/resnet8.hpp>
#include <upset/nn/model/resnet9.hpp>
#include <upset/nn/model/resnet_cifar.hpp>
#include <upset/nn/model/squeezenet.hpp>
#include <upset/nn/model/vgg16_cifar.hpp>

using namespace upset;

namespace {

using Architecture = std::function<Network(const Shape&, std::size_t)>;

const std::map<std::string, Architecture>& architectures() {
  static const std::map<std::string, Architecture> all = [] {
    std::map<std::string, Architecture> networks{
        {"alexnet_cifar", &alexnet_cifar<>},
        {"caffe_lenet", &caffe_lenet<>},
        {"lenet5", &lenet5<>},
        {"mobilenet_v2", &mobilenet_v2<>},
        {"nin_cifar", &nin_cifar<>},
        {"resnet8", &resnet8<>},
        {"resnet9", &resnet9<>},
        {"resnet18", &resnet18<>},
        {"resnet50", &resnet50<>},
        {"squeezenet", &squeezenet<>},
        {"vgg16_cifar", &vgg16_cifar<>},
    };
    for (const std::size_t depth : {20U, 32U, 44U, 56U}) {
      networks.emplace("resnet" + std::to_string(depth),
                       [depth](const Shape& picture, std::size_t classes) {
                         return resnet_cifar(depth, picture, classes);
                       });
    }
    networks.emplace("mobilenet_v1", [](const Shape& picture, std::size_t classes) {
      return mobilenet_v1(1, picture, classes);
    });
    return networks;
  }();
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
    throw Error("--network: there is no " + name + "; choose from " + joined(network_names()) +
                "; " + known_network_files);
  }
  return found->second(picture, classes);
}
