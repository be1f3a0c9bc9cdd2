# SPDX-License-Identifier: BSL-1.0
# `cmake -D OUT=<folder> -P Results.cmake -- <study>`: what a study of ranges by bit prints and writes.
cmake_minimum_required(VERSION 3.25)

include(${CMAKE_CURRENT_LIST_DIR}/../../cmake/Command.cmake)

file(REMOVE_RECURSE ${OUT})
foreach(old random_fp32 bits_bf16)  # of an earlier study
  file(WRITE ${OUT}/${old}.svg "")
endforeach()
execute_process(COMMAND ${command} --out ${OUT} OUTPUT_VARIABLE printed ERROR_QUIET
                COMMAND_ERROR_IS_FATAL ANY)
file(READ ${OUT}/table.csv table)
file(READ ${OUT}/report.html page)

# 64 bits for each of 236 channels and 5 biases of LeNet-5, which has 508,752 bits
if(NOT printed MATCHES " none +0[.]00 .* range +3[.]03 .* clamp +3[.]03 ")
  message(FATAL_ERROR "the extra bits of ranges are not 3.03 %:\n${printed}")
endif()
# the lowest bit of a weight harms at no rate, the sign at some
if(NOT table MATCHES "bit,berzad,berzad_is_at_least,.*none,[^\n]*,0,0.9,1,.*none,[^\n]*,7,[^\n]*,0,2,4,1\n")
  message(FATAL_ERROR "table.csv does not say which rates are lower bounds:\n${table}")
endif()
if(NOT table MATCHES ",top1,top1_low,top1_high,top5,top5_low,top5_high,.*,1,0[.]51[0-9]*,1,1,0[.]51[0-9]*,1,all,")
  message(FATAL_ERROR "table.csv lacks Wilson's intervals of accuracies:\n${table}")
endif()
file(GLOB figures RELATIVE ${OUT} ${OUT}/*.svg)
if(NOT figures STREQUAL "bits_int8c.svg;random_int8c.svg")
  message(FATAL_ERROR "the figures are not those of this study alone: ${figures}")
endif()
if(page MATCHES "<title>[Gg]nuplot")
  message(FATAL_ERROR "the page has tooltips that only gnuplot knows")
endif()
