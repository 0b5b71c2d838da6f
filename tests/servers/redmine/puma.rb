environment 'production'
rackup File.expand_path('config.ru', __dir__)
w = (ENV['RM_WORKERS'] || '0').to_i
t = (ENV['RM_THREADS'] || '5').to_i
threads t, t
workers w
preload_app! if w > 0
before_fork { ActiveRecord::Base.connection_pool.disconnect! } if w > 0
on_worker_boot { ActiveRecord::Base.establish_connection } if w > 0
bind "tcp://127.0.0.1:#{ENV.fetch('RM_PORT')}"
quiet
