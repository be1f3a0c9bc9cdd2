# SPDX-License-Identifier: BSL-1.0
# `cmake -D OUT=<folder> -P Results.cmake -- <resilience_table>`: what a run with one format writes.
cmake_minimum_required(VERSION 3.25)

include(${CMAKE_CURRENT_LIST_DIR}/../../cmake/Command.cmake)

file(REMOVE_RECURSE ${OUT})
foreach(old weights_Fixed86 activations_Mono8 weights_boxes)  # of an earlier run
  file(WRITE ${OUT}/${old}.svg "")
endforeach()
execute_process(COMMAND ${command} --out ${OUT} OUTPUT_QUIET ERROR_QUIET
                COMMAND_ERROR_IS_FATAL ANY)

# 1e-6 of the bits, one or two of LeNet-5's, seldom harm: rates are bounds, of what the trials show
file(STRINGS ${OUT}/table.csv lines)
list(POP_FRONT lines header)
string(REPLACE "," ";" header "${header}")
list(GET lines 0 row)
string(REPLACE "," ";" row "${row}")
function(expect column pattern)
  list(FIND header ${column} at)
  if(at EQUAL -1)
    message(FATAL_ERROR "table.csv has no column ${column}: ${header}")
  endif()
  list(GET row ${at} value)
  if(NOT value MATCHES "${pattern}")
    message(FATAL_ERROR "${column} is ${value}, and not ${pattern}")
  endif()
endfunction()
foreach(column accuracy accuracy_low accuracy_high)
  expect(${column} "^0[.][0-9]+$")
endforeach()
expect(accuracy_subset "^0[.][0-9][0-9]?$")  # of 100 pictures
foreach(target weight activation)
  expect(berzad_${target} "^(0|1e-06)$")
  expect(berzad_${target}_is_at_least "^[01]$")
endforeach()

file(READ ${OUT}/weights_formats.svg figure)
string(REGEX MATCHALL ">0 *<" zeros "${figure}")
list(LENGTH zeros count)
if(NOT count EQUAL 2)  # of accuracy, and of the rate without faults
  message(FATAL_ERROR "the plot has no point without faults:\n${figure}")
endif()
if(NOT figure MATCHES "no protection: Float32")
  message(FATAL_ERROR "a plot of one line does not say of what")
endif()
foreach(old weights_Fixed86 activations_Mono8 weights_boxes)
  if(EXISTS ${OUT}/${old}.svg)
    message(FATAL_ERROR "${old}.svg of an earlier run is still there")
  endif()
endforeach()
file(READ ${OUT}/report.html page)
if(NOT page MATCHES "of the 100 pictures of the trials: accuracy_subset of table.csv")
  message(FATAL_ERROR "the page does not say what rates are measured against")
endif()
