// SPDX-License-Identifier: BSL-1.0
#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <map>
#include <string>
#include <vector>

#include "fault/memories.hpp"
#include "io/scratch.hpp"
#include <doctest/doctest.h>

#include <upset/fault/fault_list.hpp>

using namespace upset;
using namespace upset::test;

namespace {

const std::vector<NamedShape> shapes{
    {"conv1.kernel", {4, 3, 2, 5}}, {"conv1.bias", {4}}, {"linear.kernel", {3, 1, 1, 8}}};

struct Lists {
  Scratch scratch;

  std::string write(const std::string& text) const {
    scratch.write("faults.csv", Bytes(text.begin(), text.end()));
    return (scratch.path() / "faults.csv").string();
  }
  std::vector<ListedFault> read(const std::string& text) const {
    return read_fault_list(write(text), shapes);
  }
  /// What is said of a text, without the folder.
  std::string refusal(const std::string& text) const {
    const std::string path = write(text);
    const std::string said = complaint([&] { (void)read_fault_list(path, shapes); });
    return said.starts_with(path) ? said.substr(path.size()) : said;
  }
};

Memories small_network() {
  Memories memories;
  memories.add<Float32>("conv1.kernel", 4 * 3 * 2 * 5);
  memories.add<Float32>("conv1.bias", 4);
  memories.add<Fixed<8, 6>>("linear.kernel", 24);
  return memories;
}

}  // namespace

TEST_CASE("read_fault_list: rows in their order, whatever stands beside them") {
  const Lists lists;
  CHECK(lists.read("layer,parameter,index,bit\nconv1,kernel,17,31\nlinear,weight,0,0\n") ==
        std::vector<ListedFault>{{"conv1", "kernel", 17, 31, 2}, {"linear", "weight", 0, 0, 3}});
  CHECK(lists.read("n,bit,index,note,parameter,layer\r\n\r\n1,5,2,\"a, \"\"b\"\"\",bias,\"x.1\"") ==
        std::vector<ListedFault>{{"x.1", "bias", 2, 5, 3}});
  CHECK(lists.read("layer,parameter,index,bit\n").empty());
  // as spreadsheets write it: UTF-8, with a byte order mark
  CHECK(lists.read("\xEF\xBB\xBFlayer,parameter,index,bit\nconv1,kernel,17,31\n") ==
        std::vector<ListedFault>{{"conv1", "kernel", 17, 31, 2}});
}

TEST_CASE("read_fault_list: the published layout of outcomes") {
  const Lists lists;
  CHECK(lists.read("Injection,Layer,TensorIndex,Bit,n_injections,masked,non_critical,critical\n"
                   "0,conv1,\"(3, 0, 2, 1)\",15,10000,14,9985,1\n"
                   "1,linear,\"(2, 7)\",30,10000,0,929,9071\n") ==
        std::vector<ListedFault>{{"conv1", "weight", 3 * 30 + 2 * 2 + 1, 15, 2},
                                 {"linear", "weight", 23, 30, 3}});
}

TEST_CASE("read_fault_list: what is no fault is refused with its line") {
  const Lists lists;
  const std::string head = "layer,parameter,index,bit\nconv1,kernel,1,2\n";
  CHECK(lists.refusal(head + "conv1,kernel,x7,2\n") ==
        ":3: index is 'x7'; expected a whole number");
  CHECK(lists.refusal(head + "conv1,kernel,-7,2\n") ==
        ":3: index is '-7'; expected a whole number");
  CHECK(lists.refusal(head + "\nconv1,kernel,7,2.5\n") ==
        ":4: bit is '2.5'; expected the number of a bit, 0 the least significant");
  CHECK(lists.refusal(head + "conv1,kernel,7,99999999999\n") ==
        ":3: bit is '99999999999'; expected the number of a bit, 0 the least significant");
  CHECK(lists.refusal(head + "conv1,kernel,7\n") ==
        ":3: the row has 3 fields; expected 4 as in the header");
  CHECK(lists.refusal(head + "conv1,\"kernel,7,2\n") ==
        ":3: the row has 2 fields; expected 4 as in the header");
  const std::string published = "Layer,TensorIndex,Bit\n";
  CHECK(lists.refusal(published + "conv2,\"(0, 0)\",1\n") ==
        ":2: Layer is 'conv2'; expected a layer with weights of a known shape");
  CHECK(lists.refusal(published + "conv1,\"(0, 5, 0, 0)\",1\n") ==
        ":2: TensorIndex is '(0, 5, 0, 0)'; expected the place of a weight as \"(out, in, y, x)\" "
        "or \"(out, in)\", in memory [4, 3, 2, 5]");
  for (const std::string text : {"", "a,b\n", "layer,index,bit\n", "Layer,Bit\n"}) {
    CHECK(lists.refusal(text) ==
          ": the header names no fault list; expected columns layer,parameter,index,bit or "
          "Layer,TensorIndex,Bit");
  }
  CHECK_THROWS_WITH_AS((void)read_fault_list(lists.scratch.path()),
                       ("Cannot read the fault list " + lists.scratch.path().string() +
                        ": it is a folder; give a file")
                           .c_str(),
                       Error);
  CHECK_THROWS_WITH_AS((void)read_fault_list("no/such/faults.csv"),
                       "Cannot read the fault list no/such/faults.csv; give a file that exists",
                       Error);
}

TEST_CASE("sites_of: the bits that the list means") {
  const Memories memories = small_network();
  const FaultSpace space = memories.space();
  // element (1, 4, 2, 1) of 5 inputs, 3 rows, 2 columns: by rows of memory, then columns, inputs
  const std::vector<ListedFault> faults{{"conv1", "weight", 1 * 30 + 4 * 6 + 2 * 2 + 1, 30, 2},
                                        {"linear", "kernel", 23, 7, 3},
                                        {"conv1", "bias", 2, 0, 4}};
  CHECK(sites_of(faults, space, shapes) ==
        std::vector<std::uint64_t>{(1 * 30 + 2 * 10 + 1 * 5 + 4) * 32 + 30,
                                   (120 + 4) * 32 + 23 * 8 + 7, (120 + 2) * 32});
  CHECK(sites_of(std::vector<ListedFault>{faults[0]}, space.only_bits({30}), shapes) ==
        std::vector<std::uint64_t>{1 * 30 + 2 * 10 + 1 * 5 + 4});
}

TEST_CASE("sites_of: what does not exist is refused with its line") {
  const Memories memories = small_network();
  const FaultSpace space = memories.space();
  const auto refusal = [&](const FaultSpace& of, const ListedFault& fault) {
    return complaint([&] { (void)sites_of(std::vector<ListedFault>{fault}, of, shapes); });
  };
  CHECK(refusal(space, {"conv9", "kernel", 0, 0, 7}) ==
        "Line 7 of the fault list: the network has no parameter set conv9.kernel");
  CHECK(refusal(space, {"linear", "bias", 0, 30, 7}) ==  // the layer has none
        "Line 7 of the fault list: the network has no parameter set linear.bias");
  CHECK(refusal(space, {"conv1", "kernel", 120, 0, 7}) ==
        "Line 7 of the fault list: Element 120 lies outside a parameter set of shape [4, 3, 2, 5]");
  CHECK(contains(refusal(space, {"linear", "kernel", 0, 8, 9}),
                 "Line 9 of the fault list: linear.kernel[0] bit 8 does not exist"));
  CHECK(contains(refusal(space.only_bits({0}), {"conv1", "bias", 0, 1, 2}),
                 "Line 2 of the fault list: conv1.bias[0] bit 1 is not in the fault space"));
}

TEST_CASE("read_fault_list: the published outcomes of ResNet-20") {
  const char* const folder = std::getenv("UPSET_DATA");
  const std::filesystem::path path =
      std::filesystem::path(folder == nullptr ? "shared/data" : folder) / "resnet20/outcomes.csv";
  if (!std::filesystem::exists(path)) {
    MESSAGE("skipped: there is no " << path.string() << "; set UPSET_DATA to its folder");
    return;
  }
  Memories memories;
  std::vector<NamedShape> layers;
  const auto add = [&](const std::string& name, std::size_t out, std::size_t in, std::size_t tap) {
    layers.push_back({name + ".kernel", {out, tap, tap, in}});
    memories.add<Float32>(name + ".kernel", out * tap * tap * in);
  };
  add("conv1", 16, 3, 3);
  std::size_t in = 16;
  for (std::size_t stage = 1; stage <= 3; ++stage) {
    const std::size_t out = std::size_t{8} << stage;
    for (std::size_t block = 0; block < 3; ++block) {
      const std::string name = "layer" + std::to_string(stage) + "." + std::to_string(block);
      add(name + ".conv1", out, in, 3);
      add(name + ".conv2", out, out, 3);
      in = out;
    }
  }
  add("linear", 10, 64, 1);
  const std::vector<ListedFault> faults = read_fault_list(path, layers);
  CHECK(faults.size() == 16'627);
  CHECK(faults[2] == ListedFault{"conv1", "weight", 13 * 27, 30, 4});
  const FaultSpace space = memories.space();
  CHECK(space.bit_count() == 268'336 * 32);
  const std::vector<std::uint64_t> sites = sites_of(faults, space, layers);
  CHECK(space.name(sites[2]) == "conv1.kernel[351] bit 30 (exponent)");
}
