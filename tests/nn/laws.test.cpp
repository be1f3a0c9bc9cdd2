// SPDX-License-Identifier: BSL-1.0
// What every layer owes, in every format it can be made in.
#include <algorithm>
#include <array>
#include <cmath>
#include <iterator>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "nn/conv_subject.hpp"
#include "support/image_formats.hpp"
#include "support/layers.hpp"
#include "support/naive_conv.hpp"
#include "support/values.hpp"
#include <doctest/doctest.h>

#include <upset/nn/activation.hpp>
#include <upset/nn/batch_norm.hpp>
#include <upset/nn/broadcast.hpp>
#include <upset/nn/channel_clip.hpp>
#include <upset/nn/dense.hpp>
#include <upset/nn/local_response_norm.hpp>
#include <upset/nn/merge.hpp>
#include <upset/nn/pooling.hpp>
#include <upset/nn/prelu.hpp>
#include <upset/nn/rearrange.hpp>
#include <upset/nn/reshape.hpp>
#include <upset/nn/resize.hpp>
#include <upset/nn/round_to.hpp>
#include <upset/nn/softmax.hpp>

using namespace upset;
using namespace upset::test;

namespace {

/// A layer with inputs it takes.
struct Subject {
  std::string name;
  AnyLayer layer;
  std::vector<Tensor> inputs;
};

std::vector<ConvSubject> convolutions() {
  std::vector<ConvSubject> all;
  add_same(all, static_cast<LayerFormats*>(nullptr));
  all.push_back(conv_subject<Float32, Binary>());
  all.push_back(conv_subject<Binary, Float32>());
  all.push_back(conv_subject<Int8Affine, Mono<8>>());
  all.push_back(conv_subject<Mono<5>, Int8Affine>());
  all.push_back(conv_subject<BFloat16, Fixed<8, 6>>());
  all.push_back(conv_subject<Fixed<16, 8>, Fixed<32, 16>>());
  all.push_back(conv_subject<Fixed<5, 4>, Fixed<32, 16>>());
  all.push_back(conv_subject<MultiLevelBinary<4>, Mono<8>>());
  for (std::vector<ConvSubject>& guarded :
       std::array{guarded_convolutions(), parity_convolutions()}) {
    std::ranges::move(guarded, std::back_inserter(all));
  }
  return all;
}

template <class... Formats>
void add_norms(std::vector<Subject>& all, const Tensor& x, std::tuple<Formats...>*) {
  Values draw(2);
  const Shape shape{x.shape()[3]};
  (all.push_back({"BatchNorm<" + std::string(Formats::name().view()) + ">",
                  BatchNorm<Formats>(draw.uniform(shape, 0.5F, 1), draw.uniform(shape, -1, 1),
                                     draw.uniform(shape, -1, 1), draw.uniform(shape, 0.5F, 1)),
                  {x}}),
   ...);
}

std::vector<Subject> everything() {
  std::vector<Subject> all;
  for (const ConvSubject& conv : convolutions()) {
    all.push_back({conv.name, conv.layer, {conv.x}});
  }
  Values draw(3);
  const Tensor x = draw.uniform({3, 5, 4, 6}, -0.9F, 0.9F);
  const Tensor more = draw.uniform({3, 5, 4, 6}, -0.9F, 0.9F);
  add_norms(all, x, static_cast<LayerFormats*>(nullptr));
  const Tensor* const inputs[] = {&x};
  Dense<Mono<8>> dense(draw.uniform({7, 120}, -1, 1), draw.uniform({7}, -1, 1));
  dense.calibrate(inputs);
  all.push_back({"Dense<Mono<8>>", dense, {x}});
  all.push_back(
      {"Dense<Float32>", Dense<>(draw.uniform({7, 120}, -1, 1), draw.uniform({7}, -1, 1)), {x}});
  all.push_back({"ReLU", ReLU{}, {x}});
  all.push_back({"ClippedReLU", ClippedReLU(0.5F), {x}});
  all.push_back({"LeakyReLU", LeakyReLU(), {x}});
  all.push_back({"Sigmoid", Sigmoid{}, {x}});
  all.push_back({"HardSigmoid", HardSigmoid{}, {x}});
  all.push_back({"HardTanh", HardTanh{}, {x}});
  all.push_back({"HardSwish", HardSwish{}, {x}});
  all.push_back({"Tanh", Tanh{}, {x}});
  all.push_back({"Clip", Clip(-0.5F, 0.5F), {x}});
  all.push_back(
      {"ChannelClip", ChannelClip(draw.uniform({6}, -1, 0), draw.uniform({6}, 0, 1)), {x}});
  all.push_back({"PReLU", PReLU<>(draw.uniform({6}, -1, 1)), {x}});
  all.push_back({"Sign", Sign{}, {x}});
  all.push_back({"MaxPool", MaxPool(2), {x}});
  all.push_back({"AveragePool", AveragePool(WindowGeometry::square(3, 2, 1)), {x}});
  all.push_back({"GlobalAveragePool", GlobalAveragePool{}, {x}});
  all.push_back({"Add", Add{}, {x, more, x}});
  all.push_back({"Concatenate", Concatenate{}, {x, more}});
  all.push_back({"Flatten", Flatten{}, {x}});
  all.push_back({"Reshape", Reshape({6, 20}), {x}});
  all.push_back({"Softmax", Softmax{}, {x}});
  all.push_back({"LocalResponseNorm", LocalResponseNorm(3), {x}});
  all.push_back({"Multiply", Multiply{}, {x, draw.uniform({3, 6}, -1, 1)}});
  all.push_back({"AddConstant", AddConstant(draw.uniform({6}, -1, 1)), {x}});
  all.push_back({"Pad", Pad(1, 0, 2, 1, 0.5F), {x}});
  all.push_back({"Slice", Slice({{4, 3, -2}, {1, 2, 1}, {0, 6, 1}}), {x}});
  all.push_back({"Transpose", Transpose({2, 0, 1}), {x}});
  all.push_back({"Resize", Resize(7, 3, {.interpolation = Interpolation::bilinear}), {x}});
  all.push_back({"RoundTo<Int8Affine>", RoundTo<Int8Affine>(AffineScale{0.0078125F, 3}), {x}});
  all.push_back({"RoundTo<Mono<8>>", RoundTo<Mono<8>>(), {x}});
  return all;
}

std::vector<Shape> shapes_of(const std::vector<Tensor>& inputs) {
  std::vector<Shape> shapes;
  for (const Tensor& input : inputs) {
    shapes.push_back(input.shape().without_batch());
  }
  return shapes;
}

const ActivationHook idle = [](std::size_t, std::uint64_t, MemoryImage&) {};

/// A few bits of every image, first and last ones and scales included.
struct Site {
  std::size_t image;
  std::uint64_t bit;
};
std::vector<Site> some_sites(AnyLayer& layer, std::size_t per_image, std::uint32_t seed) {
  Values draw(seed);
  std::vector<Site> sites;
  const std::vector<NamedImage> images = layer.images();
  for (std::size_t i = 0; i < images.size(); ++i) {
    const std::uint64_t count = images[i].image->bit_count();
    std::set<std::uint64_t> bits{0, count - 1, images[i].image->layout().code_bits() % count};
    while (bits.size() < std::min<std::uint64_t>(per_image, count)) {
      bits.insert(draw.below(count));
    }
    for (const std::uint64_t bit : bits) {
      sites.push_back({i, bit});
    }
  }
  return sites;
}

void flip(AnyLayer& layer, const std::vector<Site>& sites) {
  const std::vector<NamedImage> images = layer.images();
  for (const Site& site : sites) {
    images[site.image].image->flip(site.bit);
  }
}

/// `layer` with every word read anew, as after loading: all words and scales count as touched.
AnyLayer read_anew(AnyLayer layer) {
  for (const NamedImage& named : layer.images()) {
    for (std::uint64_t bit = 0; bit < named.image->bit_count(); ++bit) {
      named.image->flip(bit);
      named.image->flip(bit);
    }
  }
  layer.refresh();
  return layer;
}

}  // namespace

TEST_CASE("layers: output has the shape that was promised, and depends on its own picture alone") {
  for (const Subject& subject : everything()) {
    CAPTURE(subject.name);
    const Tensor y = forward(subject.layer, subject.inputs);
    CHECK(y.shape().without_batch() == output_shape(subject.layer, shapes_of(subject.inputs)));
    for (std::size_t b = 0; b < 3; ++b) {
      std::vector<Tensor> alone;
      for (const Tensor& input : subject.inputs) {
        alone.push_back(picture(input, b));
      }
      CHECK(different_bits(forward(subject.layer, alone).row(0), y.row(b)) == 0);
    }
  }
}

TEST_CASE("layers: parameters and images are enumerated once, under different names") {
  for (Subject& subject : everything()) {
    CAPTURE(subject.name);
    std::set<std::string> names;
    std::set<const Tensor*> values;
    for (const Parameter& parameter : subject.layer.parameters()) {
      names.insert(parameter.name);
      values.insert(parameter.value);
      CHECK(parameter.value->size() > 0);
    }
    const std::size_t count = subject.layer.parameters().size();
    CHECK(names.size() == count);
    CHECK(values.size() == count);
    std::set<std::string> image_names;
    std::set<const MemoryImage*> images;
    for (const NamedImage& image : subject.layer.images()) {
      image_names.insert(image.name);
      images.insert(image.image);
      CHECK(image.image->bit_count() > 0);
    }
    CHECK(image_names.size() == subject.layer.images().size());
    CHECK(images.size() == subject.layer.images().size());
  }
}

TEST_CASE("layers: a parameter changes the output once it is encoded") {
  for (Subject& subject : everything()) {
    CAPTURE(subject.name);
    const Tensor golden = forward(subject.layer, subject.inputs);
    for (const Parameter& parameter : subject.layer.parameters()) {
      CAPTURE(parameter.name);
      const Tensor before = *parameter.value;
      for (float& value : parameter.value->values()) {
        value = value < 0 ? 0.95F : -0.95F;
      }
      // a factor below zero is stored as the smallest there is; a scale of one parameter as fitted
      subject.layer.encode();
      CHECK(different_bits(forward(subject.layer, subject.inputs), golden) > 0);
      *parameter.value = before;
      subject.layer.encode();
      CHECK(different_bits(forward(subject.layer, subject.inputs), golden) == 0);
    }
  }
}

TEST_CASE("layers: a hook that flips nothing changes nothing") {
  Pass watched;
  watched.hook = &idle;
  for (const Subject& subject : everything()) {
    CAPTURE(subject.name);
    CHECK(different_bits(forward(subject.layer, subject.inputs, watched),
                         forward(subject.layer, subject.inputs)) == 0);
  }
}

TEST_CASE("layers: flips and refresh equal reading all of memory anew, and undo leaves no trace") {
  for (Subject& subject : everything()) {
    CAPTURE(subject.name);
    AnyLayer& layer = subject.layer;
    const Tensor golden = forward(layer, subject.inputs);
    CHECK(different_bits(forward(read_anew(layer), subject.inputs), golden) == 0);
    const std::vector<Site> sites = some_sites(layer, 20, 4);
    std::size_t wrong = 0;
    for (const Site& site : sites) {  // one at a time
      flip(layer, {site});
      layer.refresh();
      const Tensor faulty = forward(layer, subject.inputs);
      wrong += different_bits(forward(read_anew(layer), subject.inputs), faulty);
      flip(layer, {site});
      layer.refresh();
      wrong += different_bits(forward(layer, subject.inputs), golden);
    }
    CHECK(wrong == 0);
    flip(layer, sites);  // all together, refreshed once
    layer.refresh();
    const Tensor faulty = forward(layer, subject.inputs);
    // so few flips hardly hit two copies of one bit
    const bool corrected = subject.name.find("Triplicated") != std::string::npos;
    CHECK((different_bits(faulty, golden) > 0 || layer.images().empty() || corrected));
    CHECK(different_bits(forward(read_anew(layer), subject.inputs), faulty) == 0);
    flip(layer, sites);
    layer.refresh();
    CHECK(different_bits(forward(layer, subject.inputs), golden) == 0);
    flip(layer, sites);  // and what is written anew holds no fault
    layer.encode();
    CHECK(different_bits(forward(layer, subject.inputs), golden) == 0);
  }
}

TEST_CASE("layers: copies do not share memory") {
  for (Subject& subject : everything()) {
    CAPTURE(subject.name);
    const Tensor golden = forward(subject.layer, subject.inputs);
    const AnyLayer copy = subject.layer;
    flip(subject.layer, some_sites(subject.layer, 5, 5));
    subject.layer.refresh();
    CHECK(different_bits(forward(copy, subject.inputs), golden) == 0);
  }
}

TEST_CASE(
    "convolutions: compute with what memory holds, in every format, with faults and without") {
  for (ConvSubject& subject : convolutions()) {
    CAPTURE(subject.name);
    const std::vector<Site> sites = some_sites(subject.layer, 20, 6);
    std::size_t wrong = 0;
    std::size_t compared = 0;
    for (std::size_t trial = 0; trial <= sites.size(); ++trial) {
      const bool faulty = trial > 0;  // the first trial is without
      if (faulty) {
        flip(subject.layer, {sites[trial - 1]});
        subject.layer.refresh();
      }
      Tensor kernel(subject.kernel);
      Tensor bias({subject.kernel[0]});
      subject.layer.images()[0].image->decode(kernel.values());
      subject.layer.images()[1].image->decode(bias.values());
      const Tensor stored = subject.stored_input(subject.layer, subject.x);
      const NaiveConv right = naive_conv(stored, kernel, bias, subject.geometry);
      const Tensor y = forward(subject.layer, subject.x);
      REQUIRE(y.shape() == right.shape);
      for (std::size_t i = 0; i < y.size(); ++i) {
        // where float sums overflow, and double ones do not, there is nothing to compare
        if (!(right.magnitudes[i] < 0x1p120)) {
          continue;
        }
        ++compared;
        // 18 products and the bias as in beyond_rounding; step times level is rounded once per
        // operand when decoded, which the layer does not do
        const double bound = (18 + 4) * 0x1p-24 * right.magnitudes[i] + 0x1p-149;
        wrong += std::abs(static_cast<double>(y[i]) - right.values[i]) <= bound ? 0U : 1U;
      }
      if (faulty) {
        flip(subject.layer, {sites[trial - 1]});
        subject.layer.refresh();
      }
    }
    CHECK(wrong == 0);
    CHECK(compared > 20 * 100);
  }
}

TEST_CASE("convolutions: a fault in an activation is the same as reading another value") {
  for (const ConvSubject& subject : convolutions()) {
    if (!subject.plain) {
      continue;  // a guard would see the difference
    }
    CAPTURE(subject.name);
    Tensor read(subject.x.shape());
    Values draw(7);
    const ActivationHook hook = [&](std::size_t, std::uint64_t image, MemoryImage& memory) {
      for (int flips = 0; flips < 5; ++flips) {
        // not the top bits, which would make floats NaN that no float written reads back as
        const auto element = static_cast<std::uint64_t>(draw.below(120));
        const int width = memory.layout().element_bits;
        const int bit = static_cast<int>(draw.below(static_cast<std::size_t>((width + 1) / 2)));
        memory.flip(memory.bit_index(element, bit));
      }
      memory.decode(read.row(image - 50));
    };
    Pass pass;
    pass.first_image = 50;
    pass.hook = &hook;
    const Tensor faulty = forward(subject.layer, subject.x, pass);
    CHECK(different_bits(faulty, forward(subject.layer, subject.x)) > 0);
    CHECK(different_bits(faulty, forward(subject.layer, read)) == 0);
  }
}

TEST_CASE("convolutions: a fault in one picture's memory does not reach the next") {
  for (const ConvSubject& subject : convolutions()) {
    CAPTURE(subject.name);
    const ActivationHook hook = [](std::size_t, std::uint64_t image, MemoryImage& memory) {
      for (std::uint64_t bit = 0; image == 0 && bit < memory.bit_count(); bit += 3) {
        memory.flip(bit);
      }
    };
    Pass pass;
    pass.hook = &hook;
    const Tensor faulty = forward(subject.layer, subject.x, pass);
    const Tensor golden = forward(subject.layer, subject.x);
    CHECK(different_bits(faulty.row(1), golden.row(1)) == 0);
    CHECK(different_bits(faulty.row(2), golden.row(2)) == 0);
  }
}
