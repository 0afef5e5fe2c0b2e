module github.com/netsim-dev/netsim/lab/groundtruth
