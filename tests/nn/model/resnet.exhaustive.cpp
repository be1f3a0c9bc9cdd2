// SPDX-License-Identifier: BSL-1.0
#include "support/architecture.hpp"
#include "support/layers.hpp"
#include <doctest/doctest.h>

#include <upset/nn/model/resnet.hpp>

using namespace upset;
using namespace upset::test;

TEST_CASE("ResNet-18: has the 11,689,512 parameters and 1.81 G multiply-adds of torchvision") {
  Network net = resnet18();
  CHECK(parameter_count(net) == 11689512);
  CHECK(multiply_adds(net) == 1814073344);
  CHECK(shape_at(net, "maxpool") == Shape{56, 56, 64});
  CHECK(shape_at(net, "layer4.1.relu") == Shape{7, 7, 512});
  CHECK(net.output_shape() == Shape{1000});
}

TEST_CASE(
    "ResNet-18: has the 11,173,962 parameters of kuangliu, pytorch-cifar for small pictures") {
  Network net = resnet18({32, 32, 3}, 10);
  CHECK(parameter_count(net) == 11173962);
  CHECK(shape_at(net, "relu") == Shape{32, 32, 64});
  CHECK(shape_at(net, "layer4.1.relu") == Shape{4, 4, 512});
}

TEST_CASE("ResNet-50: has the 25,557,032 parameters and 4.09 G multiply-adds of torchvision") {
  Network net = resnet50();
  CHECK(parameter_count(net) == 25557032);
  CHECK(multiply_adds(net) == 4089184256);
  CHECK(shape_at(net, "layer1.0.downsample.1") == Shape{56, 56, 256});
  CHECK(shape_at(net, "layer4.2.relu") == Shape{7, 7, 2048});
  CHECK(error_of([] { (void)resnet50({224}); }) ==
        "The network takes pictures [H, W, C], not [224]");
}
