# Finds the libraries; a missing one is told with the name of its Debian package.

macro(cauchy_find name package)
  find_package(${name} QUIET ${ARGN})
  if(NOT ${name}_FOUND)
    list(APPEND cauchy_missing "  ${name}: apt-get install ${package}")
  endif()
endmacro()

set(cauchy_missing "")
set(MPI_CXX_SKIP_MPICXX ON)
find_package(Threads REQUIRED)
if(MPI_EXECUTABLE_SUFFIX STREQUAL ".mpich")  # the preset mpich
  cauchy_find(MPI "libmpich-dev mpich" COMPONENTS CXX)
else()
  cauchy_find(MPI libopenmpi-dev COMPONENTS CXX)
endif()
cauchy_find(Eigen3 libeigen3-dev 3.4 NO_MODULE)
cauchy_find(Boost libboost-program-options-dev 1.74 COMPONENTS program_options)
cauchy_find(ZLIB zlib1g-dev)

include(CauchyHdf5)
if(NOT TARGET cauchy_hdf5)
  list(APPEND cauchy_missing "  HDF5 (serial flavour): apt-get install libhdf5-dev")
endif()

if(BUILD_TESTING OR NOT DEFINED BUILD_TESTING)
  cauchy_find(GTest libgtest-dev)
  cauchy_find(benchmark libbenchmark-dev)
endif()

if(cauchy_missing)
  list(JOIN cauchy_missing "\n" cauchy_missing_text)
  message(FATAL_ERROR "Packages are missing (Debian's names):\n${cauchy_missing_text}\n"
                      "scripts/install_packages.sh installs all of them.")
endif()

set(CAUCHY_HAVE_ONEDNN OFF)
if(CAUCHY_WITH_ONEDNN)
  include(CauchyOneDnn)
  if(TARGET cauchy_onednn)
    set(CAUCHY_HAVE_ONEDNN ON)
    message(STATUS "Matrix products: oneDNN (${CAUCHY_DNNL_LIBRARY})")
  endif()
endif()
if(NOT CAUCHY_HAVE_ONEDNN)
  message(STATUS "Matrix products: Eigen (apt-get install libdnnl-dev for faster ones)")
endif()
