// SPDX-License-Identifier: BSL-1.0
#include <cstddef>
#include <filesystem>
#include <string>
#include <type_traits>
#include <vector>

#include "io/scratch.hpp"
#include "support/values.hpp"
#include <doctest/doctest.h>

#include <upset/format/formats.hpp>
#include <upset/nn/batch_norm.hpp>
#include <upset/nn/dense.hpp>
#include <upset/train/initialize.hpp>
#include <upset/train/parameter_file.hpp>

using namespace upset;

namespace {

template <Format W>
Network filed_network(std::size_t hidden = 5, const std::string& second = "second") {
  Network net({4});
  net.add("first", Dense<W>(test::Values(1).uniform({hidden, 4}, -1.0F, 1.0F), Tensor({hidden})));
  net.add("norm", BatchNorm<>(hidden));
  net.add(second, Dense<W>::zeros(hidden, 3));
  return net;
}

std::vector<Tensor> values_of(Network& net) {
  std::vector<Tensor> values;
  for (const Parameter& parameter : net.parameters()) {
    values.push_back(*parameter.value);
  }
  return values;
}

}  // namespace

TEST_CASE_TEMPLATE("save_parameters: loading gives the same values and outputs back", W, Float32,
                   Mono<8>, MultiLevelBinary<3>, Int8Affine) {
  const Scratch folder;
  const auto path = folder.path() / "net.weights";
  Network net = filed_network<W>();
  test::Values random(2);
  for (const Parameter& parameter : net.parameters()) {
    *parameter.value = random.uniform(parameter.value->shape(), 0.1F, 1.0F);
  }
  net.encode();
  const Tensor x = random.uniform({7, 4}, -1.0F, 1.0F);
  Network other = filed_network<W>();
  if (std::is_same_v<W, Int8Affine>) {
    net.calibrate(x);
    save_parameters(net, path, "a small net");
    const std::vector<Tensor> before = values_of(other);
    CHECK(complaint([&] { load_parameters(other, path, "a small net"); }) ==
          path.string() +
              " was saved under another first.input_scale; calibrate the network as it was then "
              "before loading");
    CHECK(values_of(other) == before);
    other = net;
    for (const Parameter& parameter : other.parameters()) {
      *parameter.value = Tensor(parameter.value->shape());
    }
  }
  save_parameters(net, path, "a small net");
  load_parameters(other, path, "a small net");
  CHECK(values_of(other) == values_of(net));
  CHECK(other.forward(x) == net.forward(x));
}

TEST_CASE("load_parameters: what does not fit is refused in one sentence, and changes nothing") {
  const Scratch folder;
  const auto path = folder.path() / "net.weights";
  const std::string file = path.string();
  Network saved = filed_network<Float32>();
  save_parameters(saved, path, "a");
  const auto refusal = [&](Network net, const char* about = "a") {
    const std::vector<Tensor> before = values_of(net);
    const std::string sentence = complaint([&] { load_parameters(net, path, about); });
    CHECK(values_of(net) == before);
    return sentence;
  };
  CHECK(refusal(filed_network<Float32>(), "b") ==
        file + " holds the parameters of \"a\", not of \"b\"");
  CHECK(refusal(filed_network<Float32>(6)) ==
        file +
            " belongs to another network: parameter first.kernel has shape [5, 1, 1, 4] there "
            "and [6, 1, 1, 4] here");
  CHECK(refusal(filed_network<Float32>(5, "last")) ==
        file +
            " belongs to another network: it has parameter second.kernel where this network has "
            "last.kernel");
  CHECK(refusal(filed_network<Mono<8>>()) ==
        file +
            " belongs to another network: it has parameter first.bias where this network has "
            "first.kernel_scale");
  Network longer = filed_network<Float32>();
  longer.add("third", Dense<>::zeros(3, 3));
  CHECK(refusal(longer) == file + " belongs to another network: it lacks parameter third.kernel");
  save_parameters(longer, path, "a");
  CHECK(refusal(filed_network<Float32>()) ==
        file +
            " belongs to another network: it has parameter third.kernel where this network has "
            "no more");
  folder.resize("net.weights", 100);
  CHECK(refusal(filed_network<Float32>()) == file + " is truncated after 100 bytes; delete it");
  std::filesystem::remove(path);
  CHECK(refusal(filed_network<Float32>()) == "Cannot read " + file + ": No such file or directory");
}
